"""An entry's lines as the `entry` component takes them: words and amounts, ready to print."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.kernel.money import Money
from marketplace.ledger.queries import Entry
from marketplace.statements.wording import account_name
from marketplace.web.formats import day_of, format_amount, format_day, format_money


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line; the side without an amount is empty."""

    code: str
    name: str | Markup
    debit: str
    credit: str
    is_fund: bool


class Side(Protocol):
    """A line that is booked, or that would be."""

    @property
    def path(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def amount(self) -> Money: ...


def shown_lines(entry: Entry, *, url: Callable[[str], str] | None = None) -> list[ShownLine]:
    """The lines of `entry`; with `url`, a function of account codes, their names are links."""
    return shown(entry.postings, url=url)


def shown(sides: Iterable[Side], *, url: Callable[[str], str] | None = None) -> list[ShownLine]:
    """Lines as `shown_lines` gives them, booked or not."""
    return [
        ShownLine(
            code=side.path,
            name=_name(side.path, url(side.code) if url else ""),
            debit=in_won(side.amount) if side.amount.minor > 0 else "",
            credit=in_won(-side.amount) if side.amount.minor < 0 else "",
            is_fund=side.path.startswith("funds:"),
        )
        for side in sides
    ]


def total_of(sides: Iterable[Side]) -> Markup:
    """The sum of the debits, for each currency."""
    sums: dict[str, int] = {}
    for side in sides:
        sums.setdefault(side.amount.currency, 0)
        sums[side.amount.currency] += max(side.amount.minor, 0)
    return Markup("<br>").join(in_won(Money(minor, unit)) for unit, minor in sums.items())


def shown_total(entry: Entry) -> Markup:
    """The sum of one side, which is that of the other, for each currency."""
    return total_of(entry.postings)


def in_won(money: Money) -> str:
    """Bare figures for won, which the page names once; others with their currency."""
    return format_amount(money) if money.currency == "KRW" else format_money(money)


def _name(path: str, url: str) -> str | Markup:
    name = account_name(path)
    if not url:
        return name
    return Markup('<a href="{}">{}</a>').format(url, name or path)


def shown_notes(entry: Entry) -> list[str]:
    """What to read beside the moment at which it happened: another accounting day, its reversal."""
    notes = []
    if entry.effective_on != day_of(entry.occurred_at):
        notes.append(_("Accounting day %(day)s", day=format_day(entry.effective_on)))
    if entry.reversed_by_id:
        notes.append(_("reversed"))
    return notes
