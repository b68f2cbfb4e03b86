"""Measured in a process of its own, without a server: the start, and searches."""

from __future__ import annotations

import resource
import subprocess
import sys

from devtools.bench.instances import Environ
from devtools.bench.settings import ROOT, ROUNDS, SEARCHED
from devtools.bench.table import Row


def start_time(environ: Environ) -> list[Row]:
    code = "from wsgi import app; app.test_client().get('/healthz')"
    times = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    best = min(times)
    return [Row("import to first answer, CPU", f"{best:.2f} s", "≤ 1.2 s", best <= 1.2)]


def search_time(engine: str) -> list[Row]:
    """Over a volume that only the index knows.

    Processor time decides: the wall clock of a busy machine tells of its other work.
    """
    done = subprocess.run(
        [sys.executable, "-m", "devtools.bench.search", engine, str(SEARCHED)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    p50, p99, wall_p50, wall_p99 = map(float, done.stdout.split())
    text = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms (wall {wall_p50:.1f}, {wall_p99:.1f})"
    budget = 12 if SEARCHED <= 100_000 else 50
    return [Row(f"search, {SEARCHED:,} products", text, f"p99 ≤ {budget} ms", p99 <= budget)]
