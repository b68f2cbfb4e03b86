"""What came in quarter by quarter, and how many programs were funded by each month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.drawings import area, stacked
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.openbook.queries import Month
from marketplace.reinvestment.queries import ProgramFacts
from marketplace.web.formats import format_day, format_number


@dataclass(frozen=True)
class Quarter:
    """Three months of the calendar; `so_far` is all that came up to its end."""

    year: int
    number: int
    shares: Money
    pledges: Money
    so_far: Money

    @property
    def received(self) -> Money:
        return self.shares + self.pledges

    @property
    def label(self) -> str:
        return f"{self.year % 100:02} Q{self.number}"


def quarters(months: Sequence[Month]) -> list[Quarter]:
    """Every quarter from the first month to the last, quiet ones too."""
    if not months:
        return []
    rows: list[Quarter] = []
    so_far = won(0)
    for place in range(_place(months[0].starts_on), _place(months[-1].starts_on) + 1):
        mine = [month for month in months if _place(month.starts_on) == place]
        shares = sum((month.shares for month in mine), won(0))
        pledges = sum((month.pledges for month in mine), won(0))
        so_far += shares + pledges
        rows.append(Quarter(place // 4, place % 4 + 1, shares, pledges, so_far))
    return rows


def draw_quarters(rows: Sequence[Quarter]) -> Markup:
    divide, unit = _unit(max((row.received.minor for row in rows), default=0))
    return stacked(
        [(row.label, [max(row.shares.minor, 0), row.pledges.minor]) for row in rows],
        (2, 1),
        _("Received by quarter, %(unit)s. The table below has the same figures.", unit=unit),
        divide,
        width=360,
        height=220,
        ticks=5,
    )


def quarter_unit(rows: Sequence[Quarter]) -> str:
    """What the numbers at the axis count."""
    return _unit(max((row.received.minor for row in rows), default=0))[1]


def draw_funded(facts: Sequence[ProgramFacts]) -> Markup | None:
    """The running total of funded programs, one point for each month; None without any."""
    days = sorted(
        today_in_seoul(fact.approved_at) for fact in facts if fact.is_funded and fact.approved_at
    )
    if not days:
        return None
    first, last = _month(days[0]), _month(days[-1])
    points = [
        (f"{n // 12 % 100:02}-{n % 12 + 1:02}", sum(_month(day) <= n for day in days))
        for n in range(first, last + 1)
    ]
    return area(
        points,
        4,
        _(
            "Programs funded: %(count)s up to %(day)s.",
            count=format_number(len(days)),
            day=format_day(days[-1]),
        ),
        lambda count: format_number(int(count)),
        width=360,
        height=220,
        every=-(-len(points) // 4),
    )


def _unit(top: int) -> tuple[Callable[[float], str], str]:
    divisor, unit = (1_000_000, _("million won")) if top >= 2_000_000 else (1000, _("thousand won"))
    return lambda amount: format_number(round(Decimal(amount) / divisor, 1)), str(unit)


def _place(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
