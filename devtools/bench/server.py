"""The web server as it is run for real, and what its processes cost."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devtools.bench.instances import Environ
from devtools.bench.settings import ROOT

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    address: str
    pid: int

    def cpu_seconds(self) -> float:
        """What the server and its workers have used so far."""
        return sum(cpu_seconds(pid) for pid in self.pids())

    def resident_mb(self) -> float:
        """The memory of the largest process."""
        return max(_resident_mb(pid) for pid in self.pids())

    def pids(self) -> Sequence[int]:
        tasks = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [self.pid, *(int(pid) for task in tasks for pid in task.read_text().split())]


@contextmanager
def serving(environ: Environ) -> Iterator[Server]:
    port = free_port()
    granian = Path(sys.executable).parent / "granian"
    process = subprocess.Popen(
        [granian, "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        + ["--workers", "2", "--blocking-threads", "2", "--log-level", "error"]
        + ["devtools.bench.site:app"],
        cwd=ROOT,
        env={**environ, "MALLOC_ARENA_MAX": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz")
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1)
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{url} does not answer.")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
