"""The web server and the worker as they are run for real, and their sudden end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 90


class Servers:
    """`start()` returns when the site answers; `kill()` ends everything without a warning."""

    def __init__(self, environ):
        self.environ = environ
        self.port = _free_port()
        self.running = []

    def start(self):
        programs = Path(sys.executable).parent
        # The site of `make bench`: the real application, and Stripe answered without a network.
        web = f"--host 127.0.0.1 --port {self.port} --workers 2 --blocking-threads 2".split()
        self._run(programs / "granian", "--interface", "wsgi", *web, "devtools.bench.site:app")
        self._run(programs / "flask", "--app", "wsgi", "worker")
        until = time.monotonic() + PATIENCE
        while self.ask("GET", "/healthz") is None:
            assert time.monotonic() < until, "the site does not answer"
            time.sleep(0.05)

    def _run(self, *words):
        with open(self.environ["CRASH_LOG"], "ab") as log:
            self.running.append(
                subprocess.Popen(
                    words,
                    cwd=ROOT,
                    env=self.environ,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def kill(self):
        for process in self.running:
            os.killpg(process.pid, signal.SIGKILL)
        for process in self.running:
            process.wait()
        self.running.clear()

    def ask(self, method, path, body=b"", headers=()):
        """(status, headers, text), or None where nobody answered to the end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body or None, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
