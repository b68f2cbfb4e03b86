"""A log for tests: its key, entries sealed into it, and hands that reach past the guards."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.ledger.models import LedgerEntry, LedgerPosting
from marketplace.ledger.notes import LOG, WITNESS, Signer
from marketplace.ledger.operations import open_accounts, post
from marketplace.ledger.operations.sealing import seal_entries
from marketplace.ledger.public import verify
from marketplace.ledger.queries.accounts import find_accounts
from marketplace.ledger.queries.sealing_bundle import write_bundle
from tests.factories import NOON
from tests.ledger.drafts import TODAY, a_draft

SIGNER = Signer("lumbung.example/ledger", LOG, bytes(range(32)))
WITNESS_SIGNER = Signer("witness.example/w1", WITNESS, bytes(range(32, 64)))
SALE = {
    "assets:stripe": won(1_000),
    "liabilities:coop:gayo:held": won(-970),
    "funds:village:held": won(-30),
}


def use_known_key() -> None:
    """Let the application take SIGNER for its own key, as audits and the worker do."""
    config = current_app.config["LUMBUNG"]
    current_app.config["LUMBUNG"] = replace(config, ledger_key=SIGNER.text)


def sell(count: int = 1, **more) -> list[int]:
    with transaction():
        return [post(a_draft(SALE, ref_kind="order", ref_id="L-1", **more)) for _ in range(count)]


def seal(**more):
    with transaction():
        return seal_entries(SIGNER, at=NOON, **more)


def a_bundle(path):
    """The bundle of the newest head, in a file."""
    content = io.BytesIO()
    write_bundle(content, SIGNER.verifier, name_of=lambda path: path)
    path.write_bytes(content.getvalue())
    return path


def rewritten(bundle, name: str, change):
    """The bundle with one of its files changed."""
    other = bundle.with_name("other.zip")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(other, "w") as new:
        for item in old.namelist():
            content = old.read(item)
            new.writestr(item, change(content) if item == name else content)
    return other


def check(capsys, *words) -> tuple[int, str]:
    """What verify.py answers, and says."""
    code = verify.main([str(word) for word in words])
    return code, capsys.readouterr().out


def tamper(*statements: str, **values: object) -> None:
    """Write to the database as somebody who may switch its guards off."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    else:
        names = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger_guard_%'"
        )
        for (name,) in names.fetchall():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(sa.text(statement), values)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
    db.session.expire_all()


def known_history(count: int) -> None:
    """The same rows on every engine, to the byte."""
    codes = ["assets:bank:krw", "funds:village:programs:krw", "liabilities:shipping:krw"]
    open_accounts(codes, on=TODAY)
    accounts = find_accounts(codes)
    for number in range(1, count + 1):
        at = datetime(2026, 4, 18, 3, 0, 0, number, tzinfo=UTC) + timedelta(seconds=number)
        entry_id = (int(at.timestamp() * 1000) << 22) + number
        amounts = [number * 1_000, -number * 600, -number * 400]
        db.session.execute(
            sa.insert(LedgerPosting),
            [
                {
                    "entry_id": entry_id,
                    "line_no": line_no,
                    "line_count": 3,
                    "account_id": accounts[code].id,
                    "currency": "KRW",
                    "amount": amount,
                }
                for line_no, (code, amount) in enumerate(zip(codes, amounts, strict=True), 1)
            ],
        )
        db.session.execute(
            sa.insert(LedgerEntry),
            {
                "id": entry_id,
                "kind": "sale",
                "idem_key": f"order_paid:L-{number}",
                "request_sha256": f"{number:064x}",
                "effective_on": TODAY,
                "occurred_at": at,
                "posted_at": at,
                "line_count": 3,
                "memo": f"커피 {number}",
                "ref_kind": "order",
                "ref_id": f"L-{number}",
                "proposed_by": 1,
                "approved_by": 2,
            },
        )
