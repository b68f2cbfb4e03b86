"""What the ledger is measured beside: pgbench, and django-hordak in an environment of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from devtools.bench.cpu import by_children
from devtools.bench.settings import ROOT
from tests.postgresql import Cluster, programs

HORDAK = ["django-hordak~=2.0", "django~=5.2", "psycopg[binary]"]


class PgBench:
    """Its TPC-B-like transactions at scale 10; `-N` leaves the hot rows out."""

    def __init__(self, cluster: Cluster) -> None:
        self.port = cluster.port
        self.program = programs() / "pgbench"
        self._run("-i", "-q", "-s", "10")

    @staticmethod
    def is_there() -> bool:
        return (programs() / "pgbench").exists()

    def measure(self, clients: int, seconds: float, *words: str) -> dict[str, float]:
        words = (*words, "-c", str(clients), "-j", str(clients))
        with by_children() as used:
            said = self._run(*words, "-T", str(max(1, round(seconds))))
        count = re.search(r"actually processed: (\d+)", said)
        rate = re.search(r"tps = ([\d.]+)", said)
        if not (count and rate):
            raise RuntimeError(said)
        return {"rate": float(rate[1]), "entries": float(count[1]), "cpu": used.seconds}

    def _run(self, *words: str) -> str:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "postgres"]
        done = subprocess.run(
            [self.program, *words, *where], check=True, capture_output=True, text=True
        )
        return done.stdout


class Hordak:
    """The Python peer, installed below `folder`; raises NotInstalled with the reason."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        self.where = ["hordak", str(cluster.port)]
        uv = Path(sys.executable).parent / "uv"
        for words in (
            [uv, "venv", "-q", "--python", sys.executable, folder],
            [uv, "pip", "install", "-q", "--python", self.python, *HORDAK],
        ):
            try:
                subprocess.run(words, check=True, capture_output=True, text=True, timeout=120)
            except (OSError, subprocess.SubprocessError) as fault:
                said = getattr(fault, "stderr", None) or str(fault)
                raise NotInstalled(str(said).strip().splitlines()[-1][:120]) from fault
        cluster.create_database("hordak")
        self._run("setup")

    def measure(self, clients: int, seconds: float) -> dict[str, float]:
        found: dict[str, float] = json.loads(self._run(str(clients), str(seconds)))
        return found

    def _run(self, *words: str) -> str:
        script = ROOT / "devtools" / "bench" / "hordak_load.py"
        done = subprocess.run(
            [self.python, script, *self.where, *words],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout


class NotInstalled(Exception):
    """Hordak could not be installed; the message says why."""
