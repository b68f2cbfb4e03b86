"""Keeping balances, so that nobody adds up an account from its beginning.

Rule: docs/adr/0010-balance-checkpoints.md
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError

from marketplace.kernel.db import db
from marketplace.ledger.models import BalanceCheckpoint, CheckpointBalance
from marketplace.ledger.queries.checkpoints import (
    Growth,
    find_checkpoint,
    find_first_open,
    kept_balances,
)

MARGIN = timedelta(seconds=10)
"""How far clocks may differ before an entry is noted as late, which only makes reading slower."""


def take_checkpoint(growth: Growth, *, at: datetime) -> BalanceCheckpoint | None:
    """Keep what accounts stand at after `growth`.

    Returns None, with nothing written, where an entry under way does not end at once, or where
    another checkpoint was taken meanwhile.
    """
    if not _writers_stopped():
        return None
    last = find_checkpoint()
    if (last.number if last else 0) != growth.since:
        return None
    known = kept_balances()
    checkpoint = BalanceCheckpoint(
        number=growth.since + 1,
        size=growth.size,
        floor_id=_floor(growth.size, last, at),
        top_id=growth.top_id,
        taken_at=at,
    )
    db.session.add(checkpoint)
    db.session.flush()
    rows = [
        {"account_id": account_id, "number": checkpoint.number, "minor": minor}
        for account_id, minor in _grown(known, growth).items()
    ]
    if rows:
        db.session.connection().execute(insert(CheckpointBalance), rows)
    return checkpoint


def _grown(known: dict[int, int], growth: Growth) -> dict[int, int]:
    """The balances that change; of all accounts where the growth is whole."""
    if growth.is_whole:
        return {account_id: 0 for account_id in known} | dict(growth.minor)
    return {
        account_id: known.get(account_id, 0) + minor
        for account_id, minor in growth.minor.items()
        if minor
    }


def _floor(size: int, last: BalanceCheckpoint | None, at: datetime) -> int:
    """Below this id no entry is outside the checkpoint, except those noted as late."""
    recent = int((at - MARGIN).timestamp() * 1000) << 22
    first_open = find_first_open(size, since=last.floor_id if last else 0)
    return recent if first_open is None else min(first_open, recent)


def _writers_stopped() -> bool:
    """Whether no entry is under way, and none begins until the transaction ends.

    On SQLite there is one writer anyway.
    """
    connection = db.session.connection()
    if connection.dialect.name != "postgresql":
        return True
    try:
        with connection.begin_nested():
            # New entries queue behind this lock while it waits, so it does not wait for long.
            connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
            connection.execute(text("LOCK TABLE ledger_entries IN SHARE ROW EXCLUSIVE MODE"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":
            raise
        return False
    return True
