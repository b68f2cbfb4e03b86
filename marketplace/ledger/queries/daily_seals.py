"""The seal in which each day of the books ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.time import SEOUL
from marketplace.ledger.models import LedgerCosignature, LedgerHead

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DailySeal:
    """The last head of a day in Seoul; `added` are the entries that were sealed on it."""

    day: date
    size: int
    added: int
    root: str
    signed_at: datetime
    witnesses: int


def list_daily_seals(first: date, last: date) -> list[DailySeal]:
    """The days from `first` to `last` on which anything was sealed, newest first; two queries."""
    days = [first + A_DAY * place for place in range((last - first).days + 1)]
    sizes = _sizes_before([*days, last + A_DAY])
    heads = _heads(sizes[1:])
    found = [
        DailySeal(day, size, size - before, head.root.hex(), head.signed_at, witnesses)
        for day, before, size in zip(days, sizes, sizes[1:], strict=False)
        if size > before
        for head, witnesses in [heads[size]]
    ]
    return found[::-1]


def _sizes_before(days: Sequence[date]) -> list[int]:
    """How many entries were sealed before each day began."""
    row = db.session.execute(
        select(
            *(
                select(LedgerHead.size)
                .where(LedgerHead.signed_at < datetime.combine(day, time(), SEOUL))
                .order_by(LedgerHead.size.desc())
                .limit(1)
                .scalar_subquery()
                for day in days
            )
        )
    ).one()
    return [size or 0 for size in row]


def _heads(sizes: Sequence[int]) -> dict[int, tuple[LedgerHead, int]]:
    """The heads of these sizes with the number of their witnesses."""
    witnesses = (
        select(func.count())
        .select_from(LedgerCosignature)
        .where(LedgerCosignature.size == LedgerHead.size)
        .correlate(LedgerHead)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(LedgerHead, witnesses).where(LedgerHead.size.in_(sorted({*sizes})))
    )
    return {head.size: (head, int(count)) for head, count in rows}


def find_first_day() -> date | None:
    """The day on which sealing began."""
    at = db.session.scalar(select(LedgerHead.signed_at).order_by(LedgerHead.size).limit(1))
    return at.astimezone(SEOUL).date() if at else None
