"""What open rupiah are worth at the end of a month, and what was booked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, rupiah, won
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import list_accounts
from marketplace.orders.postings import TRADING
from marketplace.reference.queries import rate_on


@dataclass(frozen=True, slots=True)
class Revaluation:
    """Rupiah owed on `ends_on`, the won they stand for, and rupiah for one won on that day."""

    ends_on: date
    owed: Money
    book: Money
    rate: Decimal
    rate_day: date

    @property
    def value(self) -> Money:
        """What the rupiah would cost at that rate."""
        return Money.of(self.owed.major / self.rate, "KRW")

    @property
    def lost(self) -> Money:
        """A loss not yet made; negative is a gain."""
        return self.value - self.book


def find_revaluation(ends_on: date, *, oldest_days: int) -> Revaluation | None:
    """None where no rupiah are open. What was revalued before counts as the won they stand for.

    Raises RateMissing, RateTooOld.
    """
    pair = {row.account.currency: row.balance for row in list_accounts(TRADING, on=ends_on)}
    owed, book = pair.get("IDR", rupiah(0)), -pair.get("KRW", won(0))
    if not owed:
        return None
    rate, rate_day = rate_on("KRW", "IDR", ends_on, oldest_days=oldest_days)
    return Revaluation(ends_on, owed, book, rate, rate_day)


def revaluations_of(months: Sequence[str]) -> dict[str, list[int]]:
    """The entries booked for each of `months` (`2026-04`), oldest first; one query."""
    found: dict[str, list[int]] = {month: [] for month in months}
    rows = db.session.execute(
        select(LedgerEntry.ref_id, LedgerEntry.id)
        .where(LedgerEntry.kind == "revaluation", LedgerEntry.ref_id.in_(months))
        .order_by(LedgerEntry.id)
    )
    for month, entry_id in rows:
        found[month or ""].append(entry_id)
    return found
