"""`make run` as a process: it starts again, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from devtools import run
from tests.browser.conftest import ORDERS
from tests.browser.site import CTRL_C, ROOT, Site

TABLES = ("users", "cooperatives", "products", "orders", "ledger_entries", "villages", "rfqs")


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every living process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if state != "Z":
            found[int(folder.name)] = (int(parent), command)
    return found


def offspring(root: int) -> dict[int, str]:
    """The processes below `root`, with their command lines."""
    living, family = processes(), {root}
    while more := {pid for pid, (parent, _) in living.items() if parent in family} - family:
        family |= more
    return {pid: living[pid][1] for pid in family - {root}}


def rows_in(folder: Path) -> dict[str, int]:
    with sqlite3.connect(folder / "lumbung.db") as database:
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in TABLES
        }


def test_it_starts_again_on_its_folder_and_stops_without_a_trace(request, demo, tmp_path):
    loaded = rows_in(demo)
    assert loaded["orders"] == ORDERS
    assert loaded["products"] == 198
    site = Site(shutil.copytree(demo, tmp_path / "instance"), orders=ORDERS)
    request.addfinalizer(site.kill)
    site.start()
    family = offspring(site.process.pid)
    for part in ("granian", "wsgi worker", "stripe_standin"):
        assert any(part in command for command in family.values()), part
    assert b"buyer@demo.lumbung.example" in site.output
    assert site.stop() == CTRL_C
    assert not family.keys() & processes().keys()
    assert rows_in(site.folder) == loaded


def test_the_books_of_the_demo_stand_the_audit(demo):
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "audit"],
        cwd=ROOT,
        env={**os.environ, "LUMBUNG_DEMO": "1", "LUMBUNG_INSTANCE": str(demo)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_taken_port_is_said_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_with(PORT=str(port), LUMBUNG_INSTANCE=str(tmp_path / "instance"))

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"Port {port} on 127.0.0.1 cannot be used (Address already in use): try PORT=5001."
    ]
    assert not (tmp_path / "instance").exists()


def test_a_port_that_is_no_number_is_said_in_one_sentence():
    done = run_with(PORT="eighty")

    assert done.returncode == 1
    assert done.stderr.splitlines() == ["PORT must be a number from 1 to 65535, not 'eighty'."]


@pytest.mark.parametrize("port", ["\u00b2", "\u0665", "0", "65536", "-1", ""])
def test_only_plain_digits_are_a_port(monkeypatch, port):
    monkeypatch.setenv("PORT", port)

    with pytest.raises(SystemExit) as refused:
        run._port()

    assert refused.value.code == f"PORT must be a number from 1 to 65535, not {port!r}."


# The first is kept for documents (RFC 5737), so no machine has it.
@pytest.mark.parametrize("host", ["192.0.2.1", "300.1.1.1"])
def test_a_host_that_is_not_this_machine_is_said_as_such(host):
    with pytest.raises(SystemExit) as refused:
        run._refuse_taken(host, 5000)

    assert refused.value.code == f"HOST must be an address of this machine, not {host!r}."


def run_with(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devtools.run"],
        cwd=ROOT,
        env={**os.environ, "HOST": "127.0.0.1", **changes},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
