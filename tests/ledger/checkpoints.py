"""Checkpoints for tests, and balances counted without them."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from marketplace.kernel.db import db, transaction
from marketplace.kernel.time import now
from marketplace.ledger.operations import take_checkpoint
from marketplace.ledger.queries import balance, list_accounts
from marketplace.ledger.queries.checkpoints import find_growth
from marketplace.ledger.queries.invariants.checkpoints import check_checkpoints
from tests.factories import NOON

STRIPE = "assets:stripe:krw"
LATER = timedelta(minutes=1)


def take(*, at=None, most=1_000):
    """A checkpoint of what is sealed; at an instant from which on no id was given yet."""
    growth = find_growth(least=1, most=most)
    with transaction():
        return take_checkpoint(growth, at=at or now() + LATER)


def counted() -> dict[str, int]:
    """Every account's lines added up one by one, without the checkpoints' help."""
    rows = db.session.execute(
        sa.text(
            "SELECT code, sum(amount) FROM ledger_postings"
            " JOIN ledger_accounts ON ledger_accounts.id = account_id GROUP BY code"
        )
    )
    return {code: int(minor) for code, minor in rows}


def read() -> dict[str, int]:
    return {row.account.code: row.balance.minor for row in list_accounts()}


def agree() -> bool:
    sums = counted()
    each = {code: balance(code).minor for code in sums}
    return read() == sums == each and check_checkpoints(NOON).breaches == []
