"""What is where. A balance is what the newest checkpoint keeps, and the postings since.

A balance at a day is the balance of now without what counts for later days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    case,
    extract,
    func,
    or_,
    select,
)

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, total
from marketplace.ledger.chart import currency_of
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.queries.accounts import COLUMNS, Account, under
from marketplace.ledger.queries.checkpoints import ACCOUNTS, STANDING

DEBITS = func.coalesce(func.sum(case((LedgerPosting.amount > 0, LedgerPosting.amount), else_=0)), 0)
CREDITS = func.coalesce(
    func.sum(case((LedgerPosting.amount < 0, -LedgerPosting.amount), else_=0)), 0
)


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """Where an account stands: in the debit column or in the credit column."""

    account: Account
    balance: Money

    @property
    def natural(self) -> Money:
        return self.account.natural(self.balance)

    @property
    def debit(self) -> Money | None:
        return self.balance if self.balance.minor > 0 else None

    @property
    def credit(self) -> Money | None:
        return -self.balance if self.balance.minor < 0 else None


@dataclass(frozen=True, slots=True)
class Turnover:
    """What went in and out of one place."""

    debit: Money
    credit: Money

    @property
    def balance(self) -> Money:
        return self.debit - self.credit

    @property
    def credit_balance(self) -> Money:
        return self.credit - self.debit


@dataclass(frozen=True, slots=True)
class MonthTurnover(Turnover):
    """The turnover of the month that begins at `starts_on`."""

    starts_on: date


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts at one day; in a whole set of books both columns are equal."""

    on: date
    rows: tuple[AccountBalance, ...]

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(sorted({row.balance.currency for row in self.rows}))

    def rows_in(self, currency: str) -> tuple[AccountBalance, ...]:
        return tuple(row for row in self.rows if row.balance.currency == currency)

    def columns(self, currency: str) -> Turnover:
        """The sums of both columns; their `balance` is the difference, 0."""
        rows = self.rows_in(currency)
        return Turnover(
            debit=total([row.debit for row in rows if row.debit], currency),
            credit=total([row.credit for row in rows if row.credit], currency),
        )


def _of_account(minor: ColumnElement[int]) -> Select[int]:
    return select(minor).select_from(ACCOUNTS).where(LedgerAccount.code == bindparam("code"))


def _counts_after(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Whether a posting belongs to a later accounting day."""
    later = select(LedgerEntry.id).where(LedgerEntry.effective_on > day)
    return LedgerPosting.entry_id.in_(later)


LATER = func.coalesce(
    select(func.sum(LedgerPosting.amount))
    .where(
        LedgerPosting.account_id == LedgerAccount.id,
        _counts_after(bindparam("as_of", type_=LedgerEntry.effective_on.type)),
    )
    .correlate(LedgerAccount)
    .scalar_subquery(),
    0,
)
# Made once: putting them together takes longer than the database needs for its answer.
BALANCE = _of_account(STANDING)
BALANCE_AS_OF = _of_account(STANDING - LATER)


def balance(code: str, as_of: date | None = None) -> Money:
    """Debits minus credits of the account, up to and with the day `as_of`.

    Zero for an account that was never used. What we owe is negative; see `credit_balance`.
    """
    connection = db.session.connection()
    if as_of is None:
        minor = connection.scalar(BALANCE, {"code": code})
    else:
        minor = connection.scalar(BALANCE_AS_OF, {"code": code, "as_of": as_of})
    return Money(int(minor or 0), currency_of(code))


def credit_balance(code: str, as_of: date | None = None) -> Money:
    """What is owed from the account or held in the fund: credits minus debits."""
    return -balance(code, as_of)


def list_accounts(path: str | None = None, *, on: date | None = None) -> list[AccountBalance]:
    """Accounts (all, or those under `path`) by code, with their balances; one query."""
    accounts, minor = ACCOUNTS, STANDING
    if on is not None:
        later = (
            select(LedgerPosting.account_id, func.sum(LedgerPosting.amount).label("minor"))
            .where(_counts_after(on))
            .group_by(LedgerPosting.account_id)
            .subquery()
        )
        accounts = accounts.outerjoin(later, later.c.account_id == LedgerAccount.id)
        minor -= func.coalesce(later.c.minor, 0)
    rows = db.session.execute(
        select(*COLUMNS, minor.label("minor"))
        .select_from(accounts)
        .where(*([under(path)] if path else []))
        .order_by(LedgerAccount.code)
    )
    return [_account_balance(**row._mapping) for row in rows]


def fund_balances(on: date | None = None) -> list[AccountBalance]:
    """Every fund with what it holds (`natural`)."""
    return list_accounts("funds", on=on)


def trial_balance(on: date) -> TrialBalance:
    """All accounts that do not stand at zero at the end of the day `on`."""
    return TrialBalance(on, tuple(row for row in list_accounts(on=on) if row.balance))


def turnovers(
    paths: Sequence[str],
    currency: str,
    *,
    since: date | None = None,
    until: date | None = None,
    kinds: Collection[str] = (),
) -> dict[str, Turnover]:
    """Debits and credits under each of `paths`, between two days, of some kinds; one query.

    `turnovers(["funds", "funds:village:held"], "KRW", kinds=["sale"])`: a path covers all below it.
    """
    statement = (
        select(LedgerAccount.code, DEBITS.label("debit"), CREDITS.label("credit"))
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerAccount.currency == currency, or_(*(under(path) for path in paths)))
        .group_by(LedgerAccount.code)
    )
    if since or until or kinds:
        statement = statement.join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
    if since:
        statement = statement.where(LedgerEntry.effective_on >= since)
    if until:
        statement = statement.where(LedgerEntry.effective_on <= until)
    if kinds:
        statement = statement.where(LedgerEntry.kind.in_(kinds))
    rows = db.session.execute(statement).all()
    return {
        path: _turnover(
            [row for row in rows if row.code == path or row.code.startswith(f"{path}:")], currency
        )
        for path in paths
    }


def monthly_turnovers(
    path: str, currency: str, *, until: date, months: int = 12, kinds: Collection[str] = ()
) -> list[MonthTurnover]:
    """Debits and credits under `path` in each of the `months` up to that of `until`; one query."""
    starts = _months_up_to(until, months)
    year, month = (
        extract("year", LedgerEntry.effective_on),
        extract("month", LedgerEntry.effective_on),
    )
    rows = db.session.execute(
        select(year, month, DEBITS, CREDITS)
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerAccount.currency == currency,
            under(path),
            LedgerEntry.effective_on >= starts[0],
            LedgerEntry.effective_on <= until,
            *([LedgerEntry.kind.in_(kinds)] if kinds else []),
        )
        .group_by(year, month)
    )
    found = {date(int(y), int(m), 1): (int(debit), int(credit)) for y, m, debit, credit in rows}
    return [
        MonthTurnover(
            debit=Money(found.get(start, (0, 0))[0], currency),
            credit=Money(found.get(start, (0, 0))[1], currency),
            starts_on=start,
        )
        for start in starts
    ]


def _months_up_to(until: date, count: int) -> list[date]:
    last = until.year * 12 + until.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(last - count + 1, last + 1)]


def _account_balance(*, minor: int, **facts: Any) -> AccountBalance:
    account = Account(**facts)
    return AccountBalance(account, Money(int(minor), account.currency))


def _turnover(rows: Iterable[Any], currency: str) -> Turnover:
    sums = [(int(row.debit), int(row.credit)) for row in rows]
    return Turnover(
        debit=Money(sum(debit for debit, _ in sums), currency),
        credit=Money(sum(credit for _, credit in sums), currency),
    )
