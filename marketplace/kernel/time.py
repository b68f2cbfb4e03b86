"""Instants are aware UTC; dates belong to the zone of whoever reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")
JAKARTA = ZoneInfo("Asia/Jakarta")


def now() -> datetime:
    """The clock. Read at the edge (views, commands, tasks) and passed in."""
    return datetime.now(UTC)


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises TypeError where `at` does not say its zone."""
    if at.tzinfo is None:
        raise TypeError("an instant needs a time zone")
    return at.astimezone(UTC)


def today_in_seoul(at: datetime) -> date:
    """The accounting day of `at`: the books are kept in Korean time."""
    return at.astimezone(SEOUL).date()
