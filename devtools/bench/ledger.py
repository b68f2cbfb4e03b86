"""The ledger beside its goals: what is compared runs in turns, so the ratios hold on busy machines.

Goals G1 to G7 are those of docs/ledger.md. BENCH_ENTRIES=1000000 audits a million for real. All
write to one cluster that waits for the disk, from processes of their own with one connection each;
pgbench speaks the simple protocol, as it does by default.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from devtools.bench.cpu import by_server
from devtools.bench.peers import Hordak, NotInstalled, PgBench
from devtools.bench.settings import ROOT
from devtools.bench.table import Row
from tests.postgresql import Cluster

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "20000"))
SECONDS = float(os.environ.get("BENCH_LEDGER_SECONDS", "3"))
ROUNDS = int(os.environ.get("BENCH_LEDGER_ROUNDS", "5"))
CLIENTS = (1, 2, 4, 8)
OF_PGBENCH = {1: 0.85, 4: 0.45, 8: 0.30}
MILLION = 1_000_000

Figures = Mapping[str, Any]


def books(engine: str) -> list[Row]:
    """The rows of one engine, on a database of its own that keeps its word on disk."""
    with tempfile.TemporaryDirectory(prefix="lumbung-bench-ledger-") as folder:
        environ = {
            **os.environ,
            "LUMBUNG_DEMO": "1",
            "LUMBUNG_INSTANCE": folder,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": "",
        }
        if engine == "sqlite":
            _migrate(environ)
            return [*_embedded(environ), *_reading(environ, engine)]
        cluster = Cluster(is_durable=True)
        cluster.start()
        try:
            environ["DATABASE_URL"] = cluster.create_database("books")
            _migrate(environ)
            return [
                *_beside_peers(cluster, environ, Path(folder)),
                *_hot_rows(environ),
                *_sealing(environ),
                *_reading(environ, engine),
            ]
        finally:
            cluster.stop()


def _migrate(environ: Mapping[str, str]) -> None:
    flask = Path(sys.executable).parent / "flask"
    subprocess.run([flask, "--app", "wsgi", "db", "upgrade"], cwd=ROOT, env=environ, check=True)


def _post(environ: Mapping[str, str], **wanted: float) -> Figures:
    words = [f"{name}={value}" for name, value in {"seconds": SECONDS, **wanted}.items()]
    return _measured(environ, "devtools.bench.posting", *words)


def _measured(environ: Mapping[str, str], *words: str) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE
    )
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def _in_turns(acts: Mapping[str, Callable[[], Figures]]) -> dict[str, list[Figures]]:
    """Each of `acts` once a round, in any order; the same place in the lists is the same round."""
    found: dict[str, list[Figures]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name in random.sample(sorted(acts), len(acts)):
            found[name].append(acts[name]())
    return found


def _ratio(over: Sequence[Figures], under: Sequence[Figures], name: str = "rate") -> float:
    pairs = zip(over, under, strict=True)
    return median(float(a[name]) / max(float(b[name]), 1e-9) for a, b in pairs)


def _beside_peers(cluster: Cluster, environ: Mapping[str, str], folder: Path) -> list[Row]:
    rows: list[Row] = []
    acts: dict[str, Callable[[int], Figures]] = {
        "ours": lambda clients: _post(environ, clients=clients)
    }
    if PgBench.is_there():
        pgbench = PgBench(cluster)
        acts["-N"] = lambda clients: pgbench.measure(clients, SECONDS, "-N")
        acts["TPC-B"] = lambda clients: pgbench.measure(clients, SECONDS)
    else:
        rows.append(Row("G1 pgbench", "left out: not installed", "postgresql-contrib has it"))
    try:
        hordak = Hordak(cluster, folder / "hordak")
        acts["hordak"] = lambda clients: hordak.measure(clients, SECONDS)
    except NotInstalled as reason:
        rows.append(Row("G2 django-hordak", f"left out: {reason}", "needs a package index"))
    whole: dict[str, list[Figures]] = defaultdict(list)
    for clients in CLIENTS:
        found = _in_turns(
            {name: partial(_costs, cluster, act, clients) for name, act in acts.items()}
        )
        rows += _compared(clients, found)
        for name, figures in found.items():
            whole[name] += figures
    return rows + _beside_tpcb(whole)


def _costs(cluster: Cluster, act: Callable[[int], Figures], clients: int) -> Figures:
    """What `act` found, and what one transaction took of the processor, here and on the server."""
    assert cluster.process is not None
    with by_server(cluster.process) as used:
        found = act(clients)
    count = max(found["entries"], 1)
    return {
        **found,
        "cpu each": (found["cpu"] + used.seconds) / count,
        "server cpu each": used.seconds / count,
    }


def _compared(clients: int, found: Mapping[str, Sequence[Figures]]) -> list[Row]:
    ours = found["ours"]
    rate, cpu = (median(row[name] for row in ours) for name in ("rate", "cpu each"))
    name = f"{clients} client{'s' if clients > 1 else ''}"
    faults = [fault for row in ours for fault in row["faults"]]
    rows = [
        Row(f"postings, {name}", f"{rate:.0f}/s, {cpu * 1000:.2f} CPU ms each", "for comparison"),
        Row(f"postings, {name}, faults", str(len(faults)), "0", not faults),
    ]
    if "-N" in found and clients in OF_PGBENCH:
        ratio, goal = _ratio(ours, found["-N"]), OF_PGBENCH[clients]
        rows.append(Row(f"G1 ÷ pgbench -N, {name}", f"{ratio:.2f}", f"≥ {goal:.2f}", ratio >= goal))
    if "hordak" in found:
        ratio, goal = _ratio(ours, found["hordak"]), 3.0 if clients < 8 else 2.5
        cpu = _ratio(ours, found["hordak"], "cpu each")
        rows += [
            Row(f"G2 ÷ hordak, {name}", f"{ratio:.1f}", f"≥ {goal:.1f}", ratio >= goal),
            Row(f"G2 CPU ÷ hordak's, {name}", f"{cpu:.2f}", "≤ 0.35", cpu <= 0.35),
        ]
    return rows


def _beside_tpcb(found: Mapping[str, Sequence[Figures]]) -> list[Row]:
    """Over all numbers of clients."""
    if "TPC-B" not in found:
        return []
    rate, cpu, server = (
        _ratio(found["ours"], found["TPC-B"], name)
        for name in ("rate", "cpu each", "server cpu each")
    )
    return [
        Row("G1 ÷ pgbench TPC-B", f"{rate:.2f}", "≥ 0.85", rate >= 0.85),
        Row("G1 CPU ÷ TPC-B's", f"{cpu:.2f}", "≤ 1.40", cpu <= 1.4),
        Row("G1 CPU of the server ÷ TPC-B's", f"{server:.2f}", "≤ 1.00", server <= 1),
    ]


def _embedded(environ: Mapping[str, str]) -> list[Row]:
    found = _in_turns(
        {
            "one": lambda: _post(environ, clients=1),
            "eight": lambda: _post(environ, clients=8),
            "without queue": lambda: _post(environ, clients=8, queue=0),
        }
    )
    kept = _ratio(found["eight"], found["one"])
    waits = _ratio(found["eight"], found["without queue"], "p99")
    rate, p99 = (median(row[name] for row in found["eight"]) for name in ("rate", "p99"))
    faults = [fault for name in ("one", "eight") for row in found[name] for fault in row["faults"]]
    return [
        Row("postings, 8 processes", f"{rate:.0f}/s, p99 {p99 * 1000:.0f} ms", "for comparison"),
        Row("G3 8 processes ÷ 1", f"{kept:.2f}", "≥ 0.80", kept >= 0.8),
        Row("G3 p99 ÷ p99 without the queue", f"{waits:.2f}", "≤ 0.10", waits <= 0.1),
        Row("G3 database is locked", str(len(faults)), "0", not faults),
    ]


def _hot_rows(environ: Mapping[str, str]) -> list[Row]:
    found = _in_turns(
        {
            "same": lambda: _post(environ, clients=4),
            "spread": lambda: _post(environ, clients=4, accounts=1000),
        }
    )
    ratio = _ratio(found["same"], found["spread"], "p50")
    return [Row("G4 p50 on 5 accounts ÷ on 1,000", f"{ratio:.2f}", "≤ 1.10", ratio <= 1.1)]


def _sealing(environ: Mapping[str, str]) -> list[Row]:
    found = _in_turns(
        {
            "alone": lambda: _post(environ, clients=2, seconds=2 * SECONDS),
            "sealed": lambda: _post(environ, clients=2, sealer=1, seconds=2 * SECONDS),
        }
    )
    kept = _ratio(found["sealed"], found["alone"])
    cost = median(row["sealing_cpu"] / row["cpu"] for row in found["sealed"])
    wait = max(row["seal_p99"] for row in found["sealed"])
    return [
        Row("G6 writers beside the sealer ÷ alone", f"{kept:.2f}", "≥ 0.90", kept >= 0.9),
        Row("G6 CPU of sealing ÷ of posting", f"{cost:.2f}", "≤ 0.10", cost <= 0.1),
        Row("G6 posted to sealed", f"p99 {wait:.1f} s", "p99 ≤ 3 s", wait <= 3),
    ]


def _reading(environ: Mapping[str, str], engine: str) -> list[Row]:
    found = _measured(environ, "devtools.bench.books", str(ENTRIES))
    audit, bodies, check = (
        found[name] * MILLION / ENTRIES for name in ("auditing", "bodies", "checking")
    )
    of = "" if ENTRIES >= MILLION else f" (from {ENTRIES:,})"
    is_goal = engine == "postgresql"
    return [
        Row(
            "G5 audit of 1,000,000 entries, SQL",
            f"{audit:.0f} CPU s{of}",
            "≤ 15 s" if is_goal else "for comparison",
            audit <= 15 if is_goal else None,
        ),
        Row("G5 hashing their bodies anew", f"{bodies:.0f} CPU s{of}", "for comparison"),
        Row("G5 breaches", str(len(found["broken"])), "0", not found["broken"]),
        Row("G5 verify.py, 1,000,000 entries", f"{check:.1f} CPU s{of}", "≤ 10 s", check <= 10),
        Row(
            "G5 proof of one entry, its hashes",
            f"{found['hashes']} B",
            "≤ 1 kB",
            found["hashes"] <= 1000,
        ),
        Row("G5 file of one proof", f"{found['proof']} B", "for comparison"),
        *_balances(found),
    ]


def _balances(found: Figures) -> list[Row]:
    ratio = found["summing"] / found["keeping"]
    return [
        Row(
            "G7 balance, 500,000 lines kept, 250 open",
            f"{found['keeping'] * 1000:.2f} ms",
            f"the sum of all: {found['summing'] * 1000:.0f} ms",
        ),
        Row("G7 balance ÷ sum of all lines", f"1/{ratio:.0f}", "≤ 1/100", ratio >= 100),
        Row(
            f"G7 of {found['samples']} balances, not the sum",
            str(len(found["unequal"])),
            "0",
            not found["unequal"],
        ),
    ]
