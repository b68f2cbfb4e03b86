"""What came in, what went out, what is still here: two ways of counting that must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, total
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.queries.balances import AccountBalance, list_accounts
from marketplace.ledger.queries.invariants import CASH


@dataclass(frozen=True, slots=True)
class Conservation:
    """All money of one currency. Flows are counted entry by entry, cash and claims by account."""

    currency: str
    flows: Sequence[tuple[str, Money]]
    cash: Sequence[AccountBalance]
    claims: Sequence[AccountBalance]

    @property
    def paid_in(self) -> list[tuple[str, Money]]:
        """Kinds of entries that brought money in, the largest first."""
        return sorted(
            [flow for flow in self.flows if flow[1].minor > 0], key=lambda flow: -flow[1].minor
        )

    @property
    def used(self) -> list[tuple[str, Money]]:
        """Kinds of entries by which money left, the largest first; amounts positive."""
        return sorted(
            [(kind, -amount) for kind, amount in self.flows if amount.minor < 0],
            key=lambda flow: -flow[1].minor,
        )

    @property
    def total_in(self) -> Money:
        return total([amount for _, amount in self.paid_in], self.currency)

    @property
    def total_used(self) -> Money:
        return total([amount for _, amount in self.used], self.currency)

    @property
    def total_cash(self) -> Money:
        return total([row.balance for row in self.cash], self.currency)

    @property
    def total_claims(self) -> Money:
        """What the cash is for: all that is not cash, as owed; equal to the cash."""
        return total([-row.balance for row in self.claims], self.currency)

    @property
    def difference(self) -> Money:
        """Paid in, less all uses and the cash: zero in whole books."""
        return self.total_in - self.total_used - self.total_cash

    @property
    def missing(self) -> Money:
        """What is not accounted for, whichever way of counting shows it; never negative."""
        return abs(self.difference or self.total_claims - self.total_cash)

    @property
    def is_whole(self) -> bool:
        return not self.missing


def conservation() -> list[Conservation]:
    """Each currency of the books, won first; two queries."""
    rows = [row for row in list_accounts() if row.balance]
    flows = _flows()
    currencies = sorted({row.balance.currency for row in rows} | set(flows), reverse=True)
    currencies.sort(key=lambda currency: currency != "KRW")
    return [
        Conservation(
            currency,
            flows.get(currency, []),
            [row for row in rows if _is_cash(row, currency)],
            [
                row
                for row in rows
                if row.balance.currency == currency and not _is_cash(row, currency)
            ],
        )
        for currency in currencies
    ]


def _is_cash(row: AccountBalance, currency: str) -> bool:
    return row.balance.currency == currency and row.account.path in CASH


def _flows() -> dict[str, list[tuple[str, Money]]]:
    """What each kind of entry did to the cash of each currency."""
    is_cash = func.substr(LedgerAccount.code, 1, func.length(LedgerAccount.code) - 4).in_(CASH)
    rows = db.session.execute(
        select(LedgerPosting.currency, LedgerEntry.kind, func.sum(LedgerPosting.amount))
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(is_cash)
        .group_by(LedgerPosting.currency, LedgerEntry.kind)
        .order_by(LedgerPosting.currency, LedgerEntry.kind)
    )
    found: dict[str, list[tuple[str, Money]]] = {}
    for currency, kind, minor in rows:
        found.setdefault(currency, []).append((kind, Money(int(minor), currency)))
    return found
