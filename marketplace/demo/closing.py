"""The months of the demo's year, closed one after the other by two people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from marketplace.demo.people import demo_user
from marketplace.demo.year import Event, Year
from marketplace.kernel.time import SEOUL
from marketplace.ledger.models import LedgerPeriodChange, PeriodState
from marketplace.ledger.operations import approve_period_change, propose_period_change
from marketplace.ledger.queries.periods import find_first_month

# The last statements of a month are read by then.
READ = timedelta(days=12)
CHECKED = timedelta(days=3)
# The newest months are left for the visitor to close.
OPEN = timedelta(days=75)


def plan_closings(year: Year) -> None:
    """Soft-close every month but the newest, once its statements are read; close the first."""
    begins = _month_after(year.first_day.astimezone(SEOUL).date().replace(day=1))
    while (over := _instant(begins)) < year.until - OPEN:
        year.plan(over + READ, _propose(year, begins - timedelta(days=1)))
        begins = _month_after(begins)


def _month_after(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def _propose(year: Year, last_day: date) -> Event:
    def happen(at: datetime) -> None:
        first = find_first_month()
        if first is None or last_day < first:
            return
        month = last_day.replace(day=1)
        _ask(year, month, PeriodState.SOFT_CLOSED, at)
        if month == first:
            year.plan(at + CHECKED, lambda later: _ask(year, month, PeriodState.CLOSED, later))

    return happen


def _ask(year: Year, month: date, state: PeriodState, at: datetime) -> None:
    change = propose_period_change(month, state, by=demo_user("admin1").id, at=at)
    year.plan(at + timedelta(days=1), lambda later: _sign(change, later))


def _sign(change: LedgerPeriodChange, at: datetime) -> None:
    approve_period_change(change, by=demo_user("admin2").id, at=at)
