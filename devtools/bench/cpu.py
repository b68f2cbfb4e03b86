"""What programs have used of the processor: steadier than the clock on a busy machine."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Used:
    """Seconds of the processor, once the block that measures them is left."""

    seconds: float = 0.0


@contextmanager
def by_children() -> Iterator[Used]:
    """What the programs that are run and end in the block use."""
    used, before = Used(), _of_ended()
    yield used
    used.seconds = _of_ended() - before


@contextmanager
def by_server(process: subprocess.Popen[bytes]) -> Iterator[Used]:
    """What a server uses in the block, with all its children, running or ended."""
    used, before = Used(), _of_family(process.pid)
    yield used
    used.seconds = _of_family(process.pid) - before


def _of_ended() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _of_family(pid: int) -> float:
    """A child that ends meanwhile moves from one sum to the other, so look until nobody did."""
    while True:
        ended = _times(pid)[1]
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
        try:
            running = sum(_of_family(child) for child in children)
        except FileNotFoundError:
            continue
        if _times(pid)[1] == ended:
            return sum(_times(pid)) + running


def _times(pid: int) -> tuple[float, float]:
    """Seconds of the process itself, and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, ended = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    return own / TICKS, ended / TICKS
