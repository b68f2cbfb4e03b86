"""Rules about balances: nothing overdrawn, funds covered, money on its way arriving."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.chart import currency_of
from marketplace.ledger.hooks import Breach, Fact, Finding
from marketplace.ledger.models import (
    LedgerAccount,
    LedgerAccountControl,
    LedgerEntry,
    LedgerPosting,
)
from marketplace.ledger.queries.balances import AccountBalance, list_accounts

# Where money only passes through, and how long it may take.
CLEARING = (
    "assets:bank-transit",
    "assets:payout-transit",
    "assets:disburse-transit",
    "assets:disputes",
    "assets:stripe:unclassified",
    "liabilities:buyers",
)
CLEARED_WITHIN = timedelta(days=30)
CASH = (
    "assets:bank",
    "assets:bank-trust",
    "assets:bank-transit",
    "assets:stripe",
    "assets:stripe:unclassified",
    "assets:disputes",
    "assets:payout-transit",
    "assets:disburse-transit",
)


def check_overdrawn(at: datetime) -> Finding:
    rows = [row for row in list_accounts() if not row.account.may_overdraw]
    breaches = [
        Breach(
            N_("“%(account)s” stands at %(amount)s."),
            {"account": row.account.code, "amount": row.natural},
            _last_entry(row.account.id),
        )
        for row in rows
        if row.natural.minor < 0
    ]
    locked = set(db.session.scalars(select(LedgerAccountControl.account_id)))
    breaches += [
        Breach(N_("“%(account)s” has no lock."), {"account": row.account.code})
        for row in rows
        if row.account.id not in locked
    ]
    return Finding(len(rows), breaches)


def coverage(accounts: Sequence[AccountBalance]) -> dict[str, tuple[Money, Money]]:
    """What the restricted funds of each currency hold, and the cash there is for them."""
    cash: Counter[str] = Counter()
    funds: Counter[str] = Counter()
    for row in accounts:
        account = row.account
        if account.path in CASH:
            cash[account.currency] += row.balance.minor
        elif account.path.startswith("funds:") and not account.path.endswith(":pledged"):
            funds[account.currency] += row.natural.minor if account.is_restricted else 0
    return {
        currency: (Money(held, currency), Money(cash[currency], currency))
        for currency, held in sorted(funds.items())
    }


def check_coverage(at: datetime) -> Finding:
    """Whether the cash of each currency covers what its restricted funds hold."""
    rows = list_accounts()
    breaches = [
        Breach(
            N_("The funds hold %(held)s, and the cash is %(cash)s."),
            {"held": held, "cash": cash},
        )
        for held, cash in coverage(rows).values()
        if held > cash
    ]
    return Finding(len(rows), breaches)


def check_clearing(at: datetime) -> Finding:
    """Whether what passes through leaves again in time, matter by matter.

    Overdue is what came before the limit and was not taken back by anything since.
    """
    limit = today_in_seoul(at - CLEARED_WITHIN)
    early = LedgerEntry.effective_on <= limit
    debit, credit = LedgerPosting.amount > 0, LedgerPosting.amount < 0
    early_debits, early_credits = (
        func.sum(case((and_(early, side), func.abs(LedgerPosting.amount)), else_=0))
        for side in (debit, credit)
    )
    debits, credits_ = (
        func.sum(case((side, func.abs(LedgerPosting.amount)), else_=0)) for side in (debit, credit)
    )
    codes = or_(*(LedgerAccount.code.like(f"{path}:___") for path in CLEARING))
    rows = db.session.execute(
        select(
            LedgerAccount.code,
            LedgerEntry.ref_id,
            (early_debits - credits_).label("to_come"),
            (early_credits - debits).label("to_go"),
            func.max(case((early, LedgerEntry.id))).label("entry_id"),
        )
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(codes)
        .group_by(LedgerAccount.code, LedgerEntry.ref_kind, LedgerEntry.ref_id)
        .order_by(LedgerAccount.code, LedgerEntry.ref_id)
    ).all()
    breaches = []
    for row in rows:
        open_minor = max(int(row.to_come), int(row.to_go))
        if open_minor > 0:
            amount = Money(open_minor, currency_of(row.code))
            facts: dict[str, Fact] = {
                "account": row.code,
                "amount": amount,
                "days": CLEARED_WITHIN.days,
            }
            breaches.append(
                Breach(
                    N_("%(amount)s is in “%(account)s” for more than %(days)s days."),
                    facts,
                    row.entry_id,
                )
            )
    return Finding(len(rows), breaches)


def _last_entry(account_id: int) -> int | None:
    return db.session.scalar(
        select(func.max(LedgerPosting.entry_id)).where(LedgerPosting.account_id == account_id)
    )
