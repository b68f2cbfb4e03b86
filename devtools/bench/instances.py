"""A filled shop on each engine, thrown away afterwards unless BENCH_INSTANCE names a folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devtools.bench.settings import PRODUCTS, ROOT
from tests.postgresql import Cluster

Environ = Mapping[str, str]


@contextmanager
def instance(engine: str) -> Iterator[Environ]:
    """The environment of a filled shop on `engine`."""
    with tempfile.TemporaryDirectory(prefix="lumbung-bench-") as folder:
        environ = {
            **os.environ,
            "LUMBUNG_DEMO": "1",
            "LUMBUNG_INSTANCE": os.environ.get("BENCH_INSTANCE", folder),
            "LUMBUNG_RATE_LIMITS": "0",
            "PYTHONPATH": str(ROOT),
        }
        with _database(engine) as url:
            environ["DATABASE_URL"] = url
            _fill(environ)
            yield environ


@contextmanager
def _database(engine: str) -> Iterator[str]:
    """The address of an empty PostgreSQL that keeps its word on disk; none for SQLite."""
    if engine == "sqlite":
        yield ""
        return
    cluster = Cluster(is_durable=True)
    cluster.start()
    try:
        yield cluster.url("postgres")
    finally:
        cluster.stop()


def _fill(environ: Environ) -> None:
    flask = Path(sys.executable).parent / "flask"
    for step in (["db", "upgrade"], ["demo", "load", "--orders", "40"]):
        subprocess.run([flask, "--app", "wsgi", *step], cwd=ROOT, env=environ, check=True)
    code = (
        "from wsgi import app; from devtools.bench.goods import fill;"
        " from devtools.bench.buyers import open_accounts\n"
        f"with app.app_context(): fill({PRODUCTS}); open_accounts()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)
