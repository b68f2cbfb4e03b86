"""Every won that came for villages, and where it is now: two sums over the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, extract, func, or_, select
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.ledger.chart import path_of
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.policies import REFUND_RESERVE
from marketplace.ledger.queries.accounts import under
from marketplace.reinvestment.postings import ALLOCATION, RETURN

VILLAGE = "funds:village"
HELD = "funds:village:held"
CSR = "funds:csr"
PROGRAM = "funds:program"
GRANTS = "expenses:grants"
WITHIN = (ALLOCATION, RETURN)
"""Kinds that move money between funds and programs; all others bring it in or take it out."""

_undone = aliased(LedgerEntry)
# A reversal is of the kind that it undoes, or it would look like new money.
KIND = func.coalesce(_undone.kind, LedgerEntry.kind)


@dataclass(frozen=True, slots=True)
class Month:
    """What came in during the month that begins at `starts_on`."""

    starts_on: date
    shares: Money
    pledges: Money

    @property
    def received(self) -> Money:
        return self.shares + self.pledges


@dataclass(frozen=True, slots=True)
class Figures:
    """Won, by account path or program number. What came in is what is still here, set aside or
    paid: `difference` is 0."""

    came: Mapping[str, int]
    balances: Mapping[str, int]
    assigned: Mapping[tuple[str, str], int]
    grants: Mapping[str, int]
    months: tuple[Month, ...]

    @property
    def shares(self) -> Money:
        """Village shares of sales, less what refunds took back."""
        return _sum(self.came, VILLAGE) + won(self.came.get(REFUND_RESERVE, 0))

    @property
    def pledges(self) -> Money:
        """What sponsors have sent."""
        return _sum(self.came, CSR)

    @property
    def received(self) -> Money:
        return self.shares + self.pledges

    @property
    def held(self) -> Money:
        """Shares of sales that may still be sent back."""
        return won(self.balances.get(HELD, 0))

    @property
    def free(self) -> Money:
        """In the funds and for no program yet; promises are not money."""
        return won(
            sum(amount for path, amount in self.balances.items() if is_fund(path) and path != HELD)
        )

    @property
    def assigned_in_all(self) -> Money:
        return won(sum(self.assigned.values()))

    @property
    def committed(self) -> Money:
        """Set aside for programs and not released yet."""
        return _sum(self.balances, PROGRAM)

    @property
    def paid(self) -> Money:
        """Released to villages; some of it may be on its way."""
        return won(sum(self.grants.values()))

    @property
    def difference(self) -> Money:
        return self.received - self.held - self.free - self.committed - self.paid

    @property
    def funds(self) -> tuple[str, ...]:
        """Paths of the funds that were ever used, the village's first."""
        found = {path for path in (*self.came, *self.balances) if is_fund(path)}
        return tuple(sorted(found, key=lambda path: (path.startswith(CSR), path)))

    @property
    def funds_by_path(self) -> dict[str, Money]:
        return {path: won(amount) for path, amount in self.balances.items()}


def is_fund(path: str) -> bool:
    """Whether `path` holds money that has come and that no program has yet."""
    return (
        path == REFUND_RESERVE
        or path.startswith(f"{VILLAGE}:")
        or (path.startswith(f"{CSR}:") and path.endswith(":available"))
    )


def read_figures() -> Figures:
    """Two queries, whatever the number of sales."""
    came: defaultdict[str, int] = defaultdict(int)
    balances: defaultdict[str, int] = defaultdict(int)
    grants: defaultdict[str, int] = defaultdict(int)
    months: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])
    for path, kind, month, credit in _movements():
        if path.startswith(GRANTS):
            grants[path.rpartition(":")[2]] -= credit
            continue
        balances[path] += credit
        if is_fund(path) and kind not in WITHIN:
            came[path] += credit
            months[month][path.startswith(CSR)] += credit
    return Figures(
        dict(came),
        dict(balances),
        {(path, number): amount for path, number, amount in _assigned() if amount},
        dict(grants),
        tuple(
            Month(start, won(shares), won(pledges))
            for start, (shares, pledges) in sorted(months.items())
        ),
    )


def _movements() -> Iterable[tuple[str, str, date, int]]:
    """Path, kind, month and credits less debits, of all funds and grants."""
    year = extract("year", LedgerEntry.effective_on)
    month = extract("month", LedgerEntry.effective_on)
    rows = _lines_of(
        or_(under("funds"), under(GRANTS)),
        LedgerAccount.code,
        KIND,
        year,
        month,
    )
    for code, kind, in_year, in_month, minor in rows:
        yield path_of(code), kind, date(int(in_year), int(in_month), 1), -int(minor)


def _assigned() -> Iterable[tuple[str, str, int]]:
    """Path of a fund, number of a program, and what it has of it after returns."""
    is_from_fund = or_(under(VILLAGE), under(CSR))
    rows = _lines_of(
        is_from_fund & KIND.in_(WITHIN),
        LedgerAccount.code,
        LedgerEntry.ref_id,
    )
    for code, number, minor in rows:
        yield path_of(code), number or "", int(minor)


def _lines_of(which: ColumnElement[bool], *columns: Any) -> Any:
    """Sums of postings in won, grouped by `columns`."""
    return db.session.execute(
        select(*columns, func.sum(LedgerPosting.amount))
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .outerjoin(_undone, _undone.id == LedgerEntry.reverses_id)
        .where(LedgerAccount.currency == "KRW", which)
        .group_by(*columns)
        .order_by(*columns[:2])
    )


def _sum(amounts: Mapping[str, int], path: str) -> Money:
    return won(sum(minor for name, minor in amounts.items() if name.startswith(f"{path}:")))
