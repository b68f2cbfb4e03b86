"""An entry's lines as the `entry` component takes them: words and amounts, ready to print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from marketplace.kernel.money import Money
from marketplace.ledger.queries import Entry
from marketplace.statements.wording import account_name
from marketplace.web.formats import format_amount, format_money


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line; the side without an amount is empty."""

    code: str
    name: str | Markup
    debit: str
    credit: str
    is_fund: bool


def shown_lines(entry: Entry, *, url: Callable[[str], str] | None = None) -> list[ShownLine]:
    """The lines of `entry`; with `url`, a function of account codes, their names are links."""
    return [
        ShownLine(
            code=posting.path,
            name=_name(posting.path, url(posting.code) if url else ""),
            debit=in_won(posting.debit) if posting.debit else "",
            credit=in_won(posting.credit) if posting.credit else "",
            is_fund=posting.path.startswith("funds:"),
        )
        for posting in entry.postings
    ]


def shown_total(entry: Entry) -> Markup:
    """The sum of one side, which is that of the other, for each currency."""
    sums = [in_won(entry.turnover(currency)) for currency in entry.currencies]
    return Markup("<br>").join(sums)


def in_won(money: Money) -> str:
    """Bare figures for won, which the page names once; others with their currency."""
    return format_amount(money) if money.currency == "KRW" else format_money(money)


def _name(path: str, url: str) -> str | Markup:
    name = account_name(path)
    if not url:
        return name
    return Markup('<a href="{}">{}</a>').format(url, name or path)
