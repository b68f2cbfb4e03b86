"""Processes that post to the ledger for some seconds, each with a connection of its own.

    python -m devtools.bench.posting clients=4 seconds=2 accounts=5 queue=1 sealer=0

Prints JSON: entries, seconds, CPU, and how long a posting took. The database is the environment's.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Engine, select

from marketplace.kernel import db as kernel_db
from marketplace.kernel.config import Config
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.models import LedgerEntry, LedgerHead, LedgerLeaf
from marketplace.ledger.notes import Signer
from marketplace.ledger.operations import open_accounts, post
from marketplace.sealing import PAUSE, read_seal_key, seal_waiting

AMOUNTS = (1_000, -800, -120, -50, -30)


def path_of(number: int) -> str:
    return f"liabilities:coop:c{number}:held"


def a_sale(key: str, places: list[int]) -> NewEntry:
    at = now()
    lines = [
        Line(path_of(place), won(amount)) for place, amount in zip(places, AMOUNTS, strict=True)
    ]
    return NewEntry(
        kind="sale",
        idem_key=key,
        occurred_at=at,
        effective_on=today_in_seoul(at),
        memo="Order paid",
        lines=lines,
        ref_kind="order",
        ref_id=key,
    )


def write(seconds: float, accounts: int) -> dict[str, Any]:
    dice, who, times, count = random.Random(os.getpid()), os.urandom(6).hex(), [], 0
    used, until = time.process_time(), time.perf_counter() + seconds
    begun = time.perf_counter()
    while begun < until:
        entry = a_sale(f"bench:{who}:{count}", dice.sample(range(accounts), len(AMOUNTS)))
        with transaction():
            post(entry)
        count += 1
        ended = time.perf_counter()
        times.append(ended - begun)
        begun = ended
    return {"entries": count, "cpu": time.process_time() - used, "times": times}


def keep_sealing(seconds: float, config: Config, signer: Signer) -> dict[str, Any]:
    """As the worker does it: what waits is sealed, then there is a pause of a second."""
    used, until = time.process_time(), time.perf_counter() + seconds + 2 * PAUSE
    while time.perf_counter() < until:
        seal_waiting(config, signer, is_whole=False)
        time.sleep(PAUSE)
    return {"entries": 0, "cpu": 0.0, "times": [], "sealing": time.process_time() - used}


def time_to_seal(since: float) -> list[float]:
    """Seconds from each posting after the instant `since` to the head that has it."""
    found = db.session.execute(
        select(LedgerEntry.posted_at, LedgerLeaf.leaf_index)
        .join(LedgerLeaf, LedgerLeaf.entry_id == LedgerEntry.id)
        .where(LedgerEntry.id > int(since * 1000) << 22)
        .order_by(LedgerLeaf.leaf_index)
    ).all()
    heads = iter(db.session.scalars(select(LedgerHead).order_by(LedgerHead.size)).all())
    waits, head = [], next(heads)
    for posted_at, place in found:
        while head.size <= place:
            head = next(heads)
        waits.append((head.signed_at - posted_at).total_seconds())
    return waits


@contextmanager
def _no_queue(engine: Engine) -> Iterator[None]:
    yield


def run(app: Flask, *, clients: int, seconds: float, accounts: int, queue: int, sealer: int) -> Any:
    if not queue:
        kernel_db._writers_queue = _no_queue
    with app.app_context():
        codes = [f"{path_of(number)}:krw" for number in range(accounts)]
        with transaction():
            open_accounts(codes, on=today_in_seoul(now()))
        config: Config = app.config["LUMBUNG"]
        signer = read_seal_key(config)
        if sealer:
            seal_waiting(config, signer)
        db.session.remove()
        db.engine.dispose()
        fork = multiprocessing.get_context("fork")
        start, answers = fork.Barrier(clients + sealer), fork.SimpleQueue()

        def work(number: int) -> None:
            try:
                with transaction():
                    post(a_sale(f"warm:{os.urandom(6).hex()}", list(range(len(AMOUNTS)))))
                start.wait()
                found = (
                    write(seconds, accounts)
                    if number < clients
                    else keep_sealing(seconds, config, signer)
                )
            except BaseException as fault:
                found = {"entries": 0, "cpu": 0.0, "times": [], "fault": repr(fault)[:300]}
                start.abort()
            answers.put(found)
            os._exit(0)

        since = time.time()
        processes = [fork.Process(target=work, args=(place,)) for place in range(clients + sealer)]
        for process in processes:
            process.start()
        found = [answers.get() for _ in processes]
        for process in processes:
            process.join()
        times = sorted(each for row in found for each in row["times"]) or [0.0]
        waits = sorted(time_to_seal(since)) if sealer else []
    return {
        "entries": sum(row["entries"] for row in found),
        "rate": sum(row["entries"] for row in found) / seconds,
        "cpu": sum(row["cpu"] for row in found),
        "sealing_cpu": sum(row.get("sealing", 0.0) for row in found),
        "p50": times[len(times) // 2],
        "p99": times[len(times) * 99 // 100],
        "seal_p99": waits[len(waits) * 99 // 100] if waits else None,
        "faults": [row["fault"] for row in found if "fault" in row],
    }


if __name__ == "__main__":
    from wsgi import app

    wanted = {"clients": "1", "seconds": "2", "accounts": "5", "queue": "1", "sealer": "0"}
    wanted |= dict(word.split("=") for word in sys.argv[1:])
    seconds = float(wanted.pop("seconds"))
    numbers = {name: int(text) for name, text in wanted.items()}
    print(json.dumps(run(app, seconds=seconds, **numbers)))
