"""What is where. Balances are sums of postings: nothing is cached, so nothing can drift."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.chart import currency_of
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting


def balance(code: str, as_of: date | None = None) -> Money:
    """Debits minus credits of the account, up to and with the day `as_of`.

    Zero for an account that was never used. What we owe is negative; see `credit_balance`.
    """
    statement = (
        select(func.coalesce(func.sum(LedgerPosting.amount), 0))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerAccount.code == code)
    )
    if as_of is not None:
        statement = statement.join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id).where(
            LedgerEntry.effective_on <= as_of
        )
    return Money(int(db.session.scalar(statement) or 0), currency_of(code))


def credit_balance(code: str, as_of: date | None = None) -> Money:
    """What is owed from the account or held in the fund: credits minus debits."""
    return -balance(code, as_of)
