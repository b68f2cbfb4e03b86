"""A PostgreSQL of our own on a loopback port, for as long as the tests run."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class Cluster:
    """`start()` makes a fresh cluster, `stop()` ends it by its process id and removes it.

    Only a durable one waits for the disk, as one with real orders does.
    """

    def __init__(self, *, is_durable: bool = False) -> None:
        self.is_durable = is_durable
        self.folder = Path(tempfile.mkdtemp(prefix="lumbung-pg-"))
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database; returns its address."""
        words = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name]
        subprocess.run([programs() / "createdb", *words], check=True)
        return self.url(name)

    def start(self) -> None:
        data = self.folder / "data"
        folder = programs()
        as_postgres = []
        if os.geteuid() == 0:
            as_postgres = ["runuser", "-u", "postgres", "--"]
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        subprocess.run(
            [*as_postgres, folder / "initdb", "-D", data, "-U", "postgres", "--auth=trust"]
            + ["--encoding=UTF8", "--locale=C.UTF-8"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        settings = [] if self.is_durable else list(FORGETFUL)
        settings += [f"port={self.port}", "listen_addresses=127.0.0.1", "max_connections=60"]
        settings += [f"unix_socket_directories={self.folder}"]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*as_postgres, folder / "postgres", "-D", data]
                + [word for setting in settings for word in ("-c", setting)],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._wait()

    def _wait(self) -> None:
        ready = [programs() / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(400):
            if subprocess.run(ready, stdout=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)


def programs() -> Path:
    """Where the newest PostgreSQL of Debian keeps its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not found:
        raise RuntimeError("PostgreSQL is missing. Install it with: apt-get install postgresql")
    return found[-1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
