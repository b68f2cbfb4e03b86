"""Ledger accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.ledger.chart import path_of
from marketplace.ledger.models import AccountClass, LedgerAccount


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


def find_accounts(codes: Collection[str]) -> Mapping[str, Account]:
    """The accounts among `codes` that are open for use or were once, by code."""
    rows = db.session.execute(select(*COLUMNS).where(LedgerAccount.code.in_(sorted(codes))))
    return {row.code: Account(**row._mapping) for row in rows}
