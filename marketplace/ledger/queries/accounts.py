"""Ledger accounts, and the lines of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.kernel.rows import run
from marketplace.ledger.chart import DEBIT_CLASSES, path_of
from marketplace.ledger.errors import AccountNotFound
from marketplace.ledger.models import AccountClass, LedgerAccount, LedgerEntry, LedgerPosting


@dataclass(frozen=True, slots=True)
class Account:
    """A place money can be, in one currency."""

    id: int
    code: str
    account_class: AccountClass
    currency: str
    is_restricted: bool
    may_overdraw: bool
    opened_on: date
    closed_on: date | None

    @property
    def path(self) -> str:
        return path_of(self.code)

    def natural(self, balance: Money) -> Money:
        """The balance as people say it: what we have, or what we owe, is positive."""
        return balance if self.account_class in DEBIT_CLASSES else -balance


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A posting seen from its account; `running` is the balance after it."""

    entry_id: int
    kind: str
    idem_key: str
    effective_on: date
    memo: str
    ref_kind: str | None
    ref_id: str | None
    amount: Money
    running: Money

    @property
    def debit(self) -> Money | None:
        return self.amount if self.amount.minor > 0 else None

    @property
    def credit(self) -> Money | None:
        return -self.amount if self.amount.minor < 0 else None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A stretch of an account, newest line first, between two balances."""

    opening: Money
    closing: Money
    lines: tuple[AccountLine, ...]
    count: int


COLUMNS = (
    LedgerAccount.id,
    LedgerAccount.code,
    LedgerAccount.account_class,
    LedgerAccount.currency,
    LedgerAccount.is_restricted,
    LedgerAccount.may_overdraw,
    LedgerAccount.opened_on,
    LedgerAccount.closed_on,
)
_OF_CODES = select(*COLUMNS).where(LedgerAccount.code.in_(bindparam("codes", expanding=True)))
LINE = (
    LedgerEntry.id.label("entry_id"),
    LedgerEntry.kind,
    LedgerEntry.idem_key,
    LedgerEntry.effective_on,
    LedgerEntry.memo,
    LedgerEntry.ref_kind,
    LedgerEntry.ref_id,
)


def under(path: str) -> ColumnElement[bool]:
    """Whether an account is `path` (in any currency), lies below it, or has it as its code."""
    return or_(
        LedgerAccount.code == path, LedgerAccount.code.startswith(f"{path}:", autoescape=True)
    )


def find_accounts(codes: Collection[str]) -> Mapping[str, Account]:
    """The accounts among `codes` that were ever opened, by code."""
    rows = run(_OF_CODES, {"codes": sorted(codes)})
    return {row.code: Account(**row._mapping) for row in rows}


def get_account(code: str) -> Account:
    """Raises AccountNotFound."""
    account = find_accounts([code]).get(code)
    if account is None:
        raise AccountNotFound(code=code)
    return account


def account_lines(account: Account, *, offset: int = 0, limit: int = 50) -> AccountPage:
    """Lines of `account` with running balances, newest accounting day first; three queries."""
    mine = LedgerPosting.account_id == account.id
    count, whole = db.session.execute(
        select(func.count(), func.coalesce(func.sum(LedgerPosting.amount), 0)).where(mine)
    ).one()
    newer = _newest_first(select(LedgerPosting.amount).where(mine)).limit(offset).subquery()
    running = int(whole) - int(db.session.scalar(select(func.sum(newer.c.amount))) or 0)
    closing = Money(running, account.currency)
    rows = db.session.execute(
        _newest_first(select(*LINE, LedgerPosting.amount.label("minor")).where(mine))
        .offset(offset)
        .limit(limit)
    )
    lines = []
    for row in rows:
        line = _account_line(account.currency, running, **row._mapping)
        lines.append(line)
        running -= line.amount.minor
    return AccountPage(Money(running, account.currency), closing, tuple(lines), count)


def _account_line(currency: str, running: int, *, minor: int, **facts: Any) -> AccountLine:
    return AccountLine(**facts, amount=Money(minor, currency), running=Money(running, currency))


def _newest_first(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return statement.join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id).order_by(
        LedgerEntry.effective_on.desc(), LedgerEntry.id.desc(), LedgerPosting.line_no.desc()
    )
