"""How many sales a second four buyers can make, from the page of the goods to the journal."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from devtools.bench.server import Server
from devtools.bench.settings import ROOT, ROUNDS, SECONDS
from devtools.bench.table import Row

BUDGETS = {"sqlite": 100, "postgresql": 80}
COMMITS = 4


def sales(server: Server, engine: str) -> list[Row]:
    """The load runs in a process of its own; the web processes' CPU is the steadier figure."""
    words = [sys.executable, "-m", "devtools.bench.buying", server.address]
    words += [str(server.pid), str(SECONDS * ROUNDS)]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    rate, p99 = found["orders"] / found["seconds"], found["p99_ms"]
    cost = found["cpu_seconds"] / found["orders"] * 1000
    load = found["load_cpu_seconds"] / found["orders"] * 1000
    budget = BUDGETS[engine]
    disk = f"{_disk_ms():.1f} ms, {COMMITS} times per order"
    return [
        Row("orders, 4 clients", f"{rate:.0f} orders/s", f"≥ {budget} orders/s", rate >= budget),
        Row("orders, slowest answers", f"p99 {p99:.0f} ms", "p99 ≤ 200 ms", p99 <= 200),
        Row("orders, CPU of the web processes", f"{cost:.1f} ms per order", "for comparison"),
        Row("orders, CPU of the load", f"{load:.1f} ms per order", "for comparison"),
        Row("orders, waiting for this disk", disk, "for comparison"),
    ]


def _disk_ms() -> float:
    """What every commit waits for: a written page has reached the disk."""
    times = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)
