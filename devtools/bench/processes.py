"""Measured in a process of its own, without a server: the start, and searches."""

from __future__ import annotations

import resource
import subprocess
import sys

from devtools.bench.instances import Environ
from devtools.bench.settings import PRODUCTS, ROOT, ROUNDS
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


def search_time(environ: Environ) -> list[Row]:
    done = subprocess.run(
        [sys.executable, "-m", "devtools.bench.search"],
        cwd=ROOT,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    p50, p99 = map(float, done.stdout.split())
    text = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return [Row(f"search in the process, {PRODUCTS:,} products", text, "p99 ≤ 12 ms", p99 <= 12)]
