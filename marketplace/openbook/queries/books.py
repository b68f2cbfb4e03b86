"""The size of the whole journal, and that it balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.models import LedgerEntry, LedgerPosting
from marketplace.ledger.queries.balances import CREDITS, DEBITS, Turnover


@dataclass(frozen=True, slots=True)
class Books:
    """Entries, lines and both sides of every currency, since the beginning."""

    entries: int
    lines: int
    first_at: datetime | None
    last_at: datetime | None
    sides: Mapping[str, Turnover]

    @property
    def are_balanced(self) -> bool:
        return not any(side.balance for side in self.sides.values())


def read_books() -> Books:
    """Two queries."""
    entries, first_at, last_at = db.session.execute(
        select(
            func.count(), func.min(LedgerEntry.occurred_at), func.max(LedgerEntry.occurred_at)
        ).select_from(LedgerEntry)
    ).one()
    rows = db.session.execute(
        select(LedgerPosting.currency, func.count(), DEBITS, CREDITS)
        .group_by(LedgerPosting.currency)
        .order_by(LedgerPosting.currency.desc())
    ).all()
    return Books(
        entries,
        sum(count for _, count, _, _ in rows),
        first_at,
        last_at,
        {
            currency: Turnover(Money(int(debit), currency), Money(int(credit), currency))
            for currency, _, debit, credit in rows
        },
    )
