"""A filled ledger, audited, sealed and checked: python -m devtools.bench.books 20000

Prints JSON. The entries are written as `post` writes them, many at a time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select, text

from devtools.bench.posting import AMOUNTS, path_of
from devtools.bench.server import cpu_seconds
from marketplace import create_app
from marketplace.checkpoints import LEAST, keep_balances_anew
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry, seal_entry
from marketplace.ledger.leaves import canonical
from marketplace.ledger.models import LedgerEntry, LedgerPosting
from marketplace.ledger.operations import open_accounts, post
from marketplace.ledger.public import verify
from marketplace.ledger.queries import balance, list_accounts
from marketplace.ledger.queries.accounts import find_accounts
from marketplace.ledger.queries.audits import OWN_CHECKS
from marketplace.ledger.queries.sealing import prove_entries
from marketplace.ledger.queries.sealing_bundle import write_bundle
from marketplace.sealing import read_seal_key, seal_waiting

CHUNK = 1_000
ACCOUNTS = 5
HOT = "liabilities:coop:hot:held"
LINES = 500_000
LINES_EACH = 500
A_DAY = 86_400_000
SAMPLES = 20
READS = 50


def fill(count: int) -> None:
    codes = [f"{path_of(number)}:krw" for number in range(ACCOUNTS)]
    with transaction():
        open_accounts(codes, on=today_in_seoul(now()))
    accounts = find_accounts(codes)
    begin = int(now().timestamp() * 1000) - count
    for chunk in range(0, count, CHUNK):
        headers, lines = [], []
        for number in range(chunk, min(count, chunk + CHUNK)):
            entry_id, key = (begin + number) << 22, f"filled:{number}"
            headers.append(_header(entry_id, key, list(zip(codes, AMOUNTS, strict=True))))
            lines += [
                {
                    "entry_id": entry_id,
                    "line_no": line_no,
                    "line_count": len(AMOUNTS),
                    "account_id": accounts[code].id,
                    "currency": "KRW",
                    "amount": amount,
                }
                for line_no, (code, amount) in enumerate(zip(codes, AMOUNTS, strict=True), 1)
            ]
        with transaction():
            connection = db.session.connection()
            connection.execute(insert(LedgerPosting), lines)
            connection.execute(insert(LedgerEntry), headers)


def fill_one_account() -> None:
    """Let one account have LINES lines, some hundred of each entry."""
    codes = [f"{HOT}:krw", "assets:stripe:krw"]
    with transaction():
        open_accounts(codes, on=today_in_seoul(now()))
    accounts = find_accounts(codes)
    begin = int(now().timestamp() * 1000) - A_DAY
    for number in range(LINES // LINES_EACH):
        entry_id, key = (begin + number) << 22, f"hot:{number}"
        amounts = [-1 - (number + place) % 997 for place in range(LINES_EACH)]
        places = [codes[0]] * LINES_EACH + [codes[1]]
        lines = list(zip(places, [*amounts, -sum(amounts)], strict=True))
        with transaction():
            connection = db.session.connection()
            connection.execute(
                insert(LedgerPosting),
                [
                    {
                        "entry_id": entry_id,
                        "line_no": line_no,
                        "line_count": len(lines),
                        "account_id": accounts[code].id,
                        "currency": "KRW",
                        "amount": amount,
                    }
                    for line_no, (code, amount) in enumerate(lines, 1)
                ],
            )
            connection.execute(insert(LedgerEntry), _header(entry_id, key, lines))


def _header(entry_id: int, key: str, lines: list[tuple[str, int]]) -> dict[str, Any]:
    at = now()
    return {
        "id": entry_id,
        "kind": "sale",
        "idem_key": key,
        "request_sha256": seal_entry(
            kind="sale",
            lines=lines,
            ref=("order", key),
            policy_id=None,
            people=(None, None),
            reverses_id=None,
        ),
        "effective_on": today_in_seoul(at),
        "occurred_at": at,
        "posted_at": at,
        "line_count": len(lines),
        "memo": "Order paid",
        "ref_kind": "order",
        "ref_id": key,
    }


def main(count: int) -> dict[str, Any]:
    app = create_app()
    with app.app_context():
        fill(count)
        signer = read_seal_key(app.config["LUMBUNG"])
        seal_waiting(app.config["LUMBUNG"], signer)
        auditing, broken = _audit()
        entry_id = db.session.scalar(select(func.max(LedgerEntry.id)))
        proof = prove_entries([int(entry_id or 0)])
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder, "books.zip")
            with bundle.open("wb") as file:
                write_bundle(file, signer.verifier, name_of=lambda path: path)
            checking = _verify(bundle)
        balances = _balances(app)
    return {
        "auditing": auditing["SQL"],
        "bodies": auditing["Python"],
        "broken": broken,
        **balances,
        "proof": len(canonical(proof)),
        "hashes": 32 * max(count - 1, 1).bit_length(),
        "checking": checking,
    }


def _audit() -> tuple[Counter[str], list[str]]:
    """CPU seconds of both sides, of the checks that SQL makes and of hashing bodies in Python."""
    used: Counter[str] = Counter()
    broken: list[str] = []
    for check in OWN_CHECKS:
        before = _cpu()
        broken.extend(check.rule for _ in check.run(now()).breaches)
        used["Python" if check.rule == "I4" else "SQL"] += _cpu() - before
    return used, broken


def _cpu() -> float:
    """Of this process, and of the one on the other side of its connection."""
    if db.engine.dialect.name == "sqlite":
        return time.process_time()
    return time.process_time() + cpu_seconds(
        int(db.session.scalar(text("SELECT pg_backend_pid()")))
    )


def _balances(app: Flask) -> dict[str, Any]:
    """Of an account with LINES kept lines and as many open ones as wait for a checkpoint."""
    config = app.config["LUMBUNG"]
    fill_one_account()
    seal_waiting(config, read_seal_key(config))
    keep_balances_anew()
    for number in range(LEAST):
        with transaction():
            post(_one_more(number))
    _tidy()
    codes = [row.account.code for row in list_accounts()]
    unequal = [code for code in codes if balance(code).minor != _sum_of(code)]
    code = f"{HOT}:krw"
    keeping: list[float] = []
    summing: list[float] = []
    # The first ones are for making the statement known, to us and to the database.
    for _ in range(READS):
        balance(code)
    for _ in range(SAMPLES):
        keeping += [took(lambda: balance(code)) for _ in range(READS)]
        summing.append(took(lambda: _sum_of(code)))
    return {
        "keeping": median(keeping),
        "summing": median(summing),
        "unequal": unequal,
        "samples": len(codes),
    }


def took(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _one_more(number: int) -> NewEntry:
    at = now()
    return NewEntry(
        kind="sale",
        idem_key=f"open:{number}",
        occurred_at=at,
        effective_on=today_in_seoul(at),
        memo="Order paid",
        lines=[Line(HOT, won(-1)), Line("assets:stripe", won(1))],
    )


def _sum_of(code: str) -> int:
    """The sum of all lines, as balances were read before there were checkpoints."""
    account_id = find_accounts([code])[code].id
    lines = select(func.sum(LedgerPosting.amount)).where(LedgerPosting.account_id == account_id)
    return int(db.session.scalar(lines) or 0)


def _tidy() -> None:
    """What the databases do by themselves in time; the sum of all lines is quickest after it."""
    db.session.commit()
    command = "VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(command)


def _verify(bundle: Path) -> float:
    """CPU seconds of the public verifier."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, verify.__file__, bundle], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
