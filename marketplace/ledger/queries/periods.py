"""Months of the books: which there are, their state, who changed it."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import extract, func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import DomainError
from marketplace.ledger.errors import (
    EarlierPeriodNotSoft,
    EarlierPeriodOpen,
    LaterPeriodShut,
    PeriodChangeNotFound,
)
from marketplace.ledger.models import (
    LedgerAccount,
    LedgerEntry,
    LedgerPeriod,
    LedgerPeriodChange,
    PeriodState,
)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month with its state; one without a row is open. Newest change first."""

    starts_on: date
    state: PeriodState
    entries: int
    changes: Sequence[LedgerPeriodChange]

    @property
    def ends_on(self) -> date:
        return end_of(self.starts_on)

    @property
    def waiting(self) -> LedgerPeriodChange | None:
        """The change that needs a second signature."""
        return next((change for change in self.changes if change.is_waiting), None)

    @property
    def signed(self) -> list[LedgerPeriodChange]:
        """The changes that happened, newest first."""
        return [change for change in self.changes if change.approved_by is not None]


def month_of(day: date) -> date:
    return day.replace(day=1)


def end_of(starts_on: date) -> date:
    return starts_on.replace(day=calendar.monthrange(starts_on.year, starts_on.month)[1])


def books_begin() -> date | None:
    """The month of the first entry or of the first account, whichever is earlier."""
    days = db.session.execute(
        select(
            select(func.min(LedgerEntry.effective_on)).scalar_subquery(),
            select(func.min(LedgerAccount.opened_on)).scalar_subquery(),
        )
    ).one()
    known = [day for day in days if day is not None]
    return month_of(min(known)) if known else None


def list_months(until: date) -> list[Month]:
    """Every month from the first entry to that of `until`, newest first; three queries."""
    year, month = (
        extract("year", LedgerEntry.effective_on),
        extract("month", LedgerEntry.effective_on),
    )
    counts = {
        date(int(row[0]), int(row[1]), 1): int(row[2])
        for row in db.session.execute(select(year, month, func.count()).group_by(year, month))
    }
    states = states_of_months()
    changes: dict[date, list[LedgerPeriodChange]] = {}
    for change in db.session.scalars(
        select(LedgerPeriodChange).order_by(LedgerPeriodChange.id.desc())
    ):
        changes.setdefault(change.starts_on, []).append(change)
    first = min([*counts, *states, month_of(until)])
    return [
        Month(
            start,
            states.get(start, PeriodState.OPEN),
            counts.get(start, 0),
            changes.get(start, []),
        )
        for start in reversed(_months(first, max([*counts, month_of(until)])))
    ]


def find_obstacle(
    starts_on: date, to_state: PeriodState, states: Mapping[date, PeriodState], first: date | None
) -> DomainError | None:
    """What is to be done before the month may go to `to_state`, if anything.

    Months are soft-closed and closed in their order, from `first` on, the month of the first
    entry. The end of a month is taken back on the next one's first day, so that one must be open.
    """
    earlier = _months(first, starts_on)[:-1] if first else []
    if to_state is PeriodState.CLOSED:
        for month in earlier:
            if states.get(month) is not PeriodState.CLOSED:
                return EarlierPeriodOpen(month=f"{month:%Y-%m}")
    if to_state is PeriodState.SOFT_CLOSED:
        for month in earlier:
            if states.get(month, PeriodState.OPEN) is PeriodState.OPEN:
                return EarlierPeriodNotSoft(month=f"{month:%Y-%m}")
        following = end_of(starts_on) + timedelta(days=1)
        if states.get(following, PeriodState.OPEN) is not PeriodState.OPEN:
            return LaterPeriodShut(month=f"{following:%Y-%m}")
    return None


def states_of_months() -> dict[date, PeriodState]:
    """The state of every month that was ever touched."""
    rows = db.session.execute(select(LedgerPeriod.starts_on, LedgerPeriod.state))
    return {row.starts_on: row.state for row in rows}


def find_first_month() -> date | None:
    """The month of the first entry."""
    first = db.session.scalar(select(func.min(LedgerEntry.effective_on)))
    return month_of(first) if first else None


def get_period_change(change_id: int) -> LedgerPeriodChange:
    """Raises PeriodChangeNotFound."""
    change = db.session.get(LedgerPeriodChange, change_id)
    if change is None:
        raise PeriodChangeNotFound
    return change


def find_waiting_change(starts_on: date) -> LedgerPeriodChange | None:
    return db.session.scalar(
        select(LedgerPeriodChange).where(
            LedgerPeriodChange.starts_on == starts_on,
            LedgerPeriodChange.approved_by.is_(None),
            LedgerPeriodChange.withdrawn_by.is_(None),
        )
    )


def list_waiting_changes() -> Sequence[LedgerPeriodChange]:
    """Changes of months that need a second signature, oldest first."""
    return db.session.scalars(
        select(LedgerPeriodChange)
        .where(LedgerPeriodChange.approved_by.is_(None), LedgerPeriodChange.withdrawn_by.is_(None))
        .order_by(LedgerPeriodChange.id)
    ).all()


def count_entries_in(starts_on: date) -> tuple[int, int | None]:
    """How many entries the month has, and the id of the newest."""
    row = db.session.execute(
        select(func.count(), func.max(LedgerEntry.id)).where(
            LedgerEntry.effective_on.between(starts_on, end_of(starts_on))
        )
    ).one()
    return int(row[0]), row[1]


def _months(first: date, last: date) -> list[date]:
    places = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(place // 12, place % 12 + 1, 1) for place in places]
