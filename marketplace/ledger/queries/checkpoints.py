"""Balances at a checkpoint, and what came since.

Rule: docs/adr/0010-balance-checkpoints.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, outerjoin

from marketplace.kernel.db import db
from marketplace.ledger.models import (
    BalanceCheckpoint,
    CheckpointBalance,
    LateEntry,
    LedgerAccount,
    LedgerEntry,
    LedgerLeaf,
    LedgerPosting,
    Minor,
)
from marketplace.ledger.queries.sealing import find_head


@dataclass(frozen=True, slots=True)
class Growth:
    """What the entries sealed since checkpoint `since` (0 is none) add, up to `size` leaves.

    `minor` is by account, `top_id` the highest id among all of these leaves. Where it `is_whole`,
    it counts from the first leaf on.
    """

    since: int
    size: int
    top_id: int
    minor: Mapping[int, int]
    is_whole: bool = False


def find_checkpoint() -> BalanceCheckpoint | None:
    """The newest checkpoint."""
    return db.session.scalar(
        select(BalanceCheckpoint).order_by(BalanceCheckpoint.number.desc()).limit(1)
    )


def find_growth(*, least: int, most: int) -> Growth | None:
    """What sealed entries added since the newest checkpoint; None for fewer than `least`."""
    last = find_checkpoint()
    number, start, top_id = (last.number, last.size, last.top_id) if last else (0, 0, 0)
    stop = min(_sealed(), start + most)
    if stop - start < least:
        return None
    return Growth(number, stop, max(top_id, _top_id(start, stop)), _sums(start, stop))


def whole_growth() -> Growth:
    """All sealed entries counted anew, whatever checkpoints say."""
    last, size = find_checkpoint(), _sealed()
    number = last.number if last else 0
    return Growth(number, size, _top_id(0, size), _sums(0, size), is_whole=True)


def _sealed() -> int:
    head = find_head()
    return head.size if head else 0


def _top_id(start: int, stop: int) -> int:
    top_id = select(func.max(LedgerLeaf.entry_id)).where(*_leaves(start, stop))
    return db.session.scalar(top_id) or 0


def _sums(start: int, stop: int) -> dict[int, int]:
    rows = db.session.execute(
        select(LedgerPosting.account_id, func.sum(LedgerPosting.amount))
        .join(LedgerLeaf, LedgerLeaf.entry_id == LedgerPosting.entry_id)
        .where(*_leaves(start, stop))
        .group_by(LedgerPosting.account_id)
    )
    return {account_id: int(minor) for account_id, minor in rows}


def _leaves(start: int, stop: int) -> tuple[ColumnElement[bool], ...]:
    return LedgerLeaf.leaf_index >= start, LedgerLeaf.leaf_index < stop


def find_first_open(size: int, *, since: int) -> int | None:
    """The lowest id, from `since` on, of an entry that is not among the first `size` leaves."""
    return db.session.scalar(
        select(LedgerEntry.id)
        .where(LedgerEntry.id >= since, _is_open(LedgerEntry.id, size))
        .order_by(LedgerEntry.id)
        .limit(1)
    )


def kept_balances() -> dict[int, int]:
    """What the newest checkpoint that knows an account says of it, by account."""
    rows = db.session.execute(select(LedgerAccount.id, KEPT).where(KEPT.is_not(None)))
    return {account_id: int(minor) for account_id, minor in rows}


def _is_open(
    entry_id: InstrumentedAttribute[int], size: ColumnElement[int] | int
) -> ColumnElement[bool]:
    """Whether the checkpoint of `size` leaves is without this entry."""
    # One look into the index for each line: no database is tempted to join all leaves.
    index = select(LedgerLeaf.leaf_index).where(LedgerLeaf.entry_id == entry_id).scalar_subquery()
    return func.coalesce(index, size) >= size


# Written out, not bound: every value that is bound costs time with every balance.
ZERO, ONE, LAST_ID = (literal_column(str(number), Minor) for number in (0, 1, 2**63 - 1))

LAST = (
    select(BalanceCheckpoint).order_by(BalanceCheckpoint.number.desc()).limit(ONE).subquery("last")
)
SIZE, FLOOR, TOP = (func.coalesce(LAST.c[name], ZERO) for name in ("size", "floor_id", "top_id"))

KEPT = (
    select(CheckpointBalance.minor)
    .where(CheckpointBalance.account_id == LedgerAccount.id)
    .order_by(CheckpointBalance.number.desc())
    .limit(ONE)
    .correlate(LedgerAccount)
    .scalar_subquery()
)


def _sum(statement: Select[int]) -> ColumnElement[int]:
    mine = statement.where(
        LedgerPosting.account_id == LedgerAccount.id,
        # What came later needs no look into the log.
        or_(LedgerPosting.entry_id > TOP, _is_open(LedgerPosting.entry_id, SIZE)),
    )
    return func.coalesce(mine.correlate(LedgerAccount, LAST).scalar_subquery(), ZERO)


STANDING: ColumnElement[int] = (
    func.coalesce(KEPT, ZERO)
    # The second bound excludes nothing; it tells PostgreSQL that the range is narrow.
    + _sum(
        select(func.sum(LedgerPosting.amount)).where(LedgerPosting.entry_id.between(FLOOR, LAST_ID))
    )
    + _sum(
        select(func.sum(LedgerPosting.amount)).where(
            LedgerPosting.entry_id.in_(
                select(LateEntry.entry_id).where(LateEntry.entry_id < FLOOR).correlate(LAST)
            )
        )
    )
)
"""What an account stands at, in a statement from `ACCOUNTS`: at one instant, whoever writes."""

ACCOUNTS = outerjoin(LedgerAccount, LAST, true())
