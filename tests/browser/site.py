"""The demo as `make run` starts it, on a folder and a port of its own."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 150
CTRL_C = 130


class Site:
    """`start()` returns when the site answers; `stop()` ends the whole process group."""

    def __init__(self, folder: Path, orders: int) -> None:
        self.folder = folder
        self.orders = orders
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.output = b""

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devtools.run"],
            cwd=ROOT,
            env={
                **os.environ,
                "PORT": str(self.port),
                "HOST": "127.0.0.1",
                "LUMBUNG_INSTANCE": str(self.folder),
                "LUMBUNG_DEMO_ORDERS": str(self.orders),
                "LUMBUNG_RATE_LIMITS": "0",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            until = time.monotonic() + PATIENCE
            while b"Lumbung is at" not in self.output:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise RuntimeError(self.output.decode(errors="replace"))
                if ready.select(timeout=1):
                    self.output += self.process.stdout.read() or b""

    def stop(self) -> int:
        """Press Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.output += self.process.communicate(timeout=30)[0] or b""
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        return self.process.returncode

    def kill(self) -> None:
        """Press Ctrl-C if it still runs: for tests that fail in between."""
        if self.process.poll() is None:
            self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
