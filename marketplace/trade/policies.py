"""Rules of an offer that need no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import Money
from marketplace.trade.errors import (
    BelowMinimum,
    DayInThePast,
    DayTooFar,
    PriceStepsDisordered,
    UnknownIncoterm,
)

INCOTERMS_EDITION = 2020
FARTHEST = timedelta(days=731)

# International Chamber of Commerce, Incoterms 2020: any way of transport, then sea only.
INCOTERMS = ("EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF")
SEA_INCOTERMS = frozenset({"FAS", "FOB", "CFR", "CIF"})

UNITS = ("kg", "piece", "set", "pair", "meter")


def require_incoterm(code: str) -> None:
    if code not in INCOTERMS:
        raise UnknownIncoterm


def require_day_to_come(day: date, *, at: datetime, zone: ZoneInfo) -> None:
    """Refuse a `day` that is over in `zone`, or years away; today still counts."""
    if fault := day_fault(day, at=at, zone=zone):
        raise fault


def day_fault(day: date, *, at: datetime, zone: ZoneInfo) -> DomainError | None:
    """Why no deal can wait for `day`; None where one can."""
    if is_over(day, at=at, zone=zone):
        return DayInThePast()
    return DayTooFar() if day > at.astimezone(zone).date() + FARTHEST else None


def request_faults(
    *,
    quantity: int | None,
    wanted_on: date | None,
    moq: int,
    unit: str,
    at: datetime,
    zone: ZoneInfo,
) -> dict[str, DomainError]:
    """All that the rules say against a request, by field; None is a field that says nothing."""
    faults: dict[str, DomainError] = {}
    if quantity is not None and quantity < moq:
        faults["quantity"] = BelowMinimum(moq=moq, unit=unit)
    if wanted_on is not None and (fault := day_fault(wanted_on, at=at, zone=zone)):
        faults["wanted_on"] = fault
    return faults


def is_over(day: date, *, at: datetime, zone: ZoneInfo) -> bool:
    """Whether `day` has ended in `zone`: an offer holds through its last day."""
    return at.astimezone(zone).date() > day


def price_steps(steps: Sequence[tuple[int, Money]], moq: int) -> list[list[int]]:
    """`steps` as kept: `[quantity, USD cents]`, beginning at `moq`, prices never rising.

    Raises PriceStepsDisordered, which names the first wrong step, counted from 1.
    """
    if not steps or moq < 1 or steps[0][0] != moq:
        raise PriceStepsDisordered(step=1)
    for number, (quantity, price) in enumerate(steps, start=1):
        before = steps[number - 2] if number > 1 else (0, price)
        falls = before[0] < quantity and before[1].minor >= price.minor > 0
        if not falls or price.currency != "USD":
            raise PriceStepsDisordered(step=number)
    return [[quantity, price.minor] for quantity, price in steps]
