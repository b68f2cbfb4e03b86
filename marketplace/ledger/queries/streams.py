"""The books read from end to end, a few hundred rows at a time, however long they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import case, func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.queries import accounts, entries
from marketplace.ledger.queries.accounts import Account, AccountLine
from marketplace.ledger.queries.balances import balance
from marketplace.ledger.queries.entries import Entry, Journal, Posting

AT_ONCE = 500
# The lines of an entry, as the last columns of a row.
LINE = (LedgerPosting.line_no, LedgerAccount.code, LedgerPosting.currency, LedgerPosting.amount)
OLDEST_FIRST = (LedgerEntry.effective_on, LedgerEntry.id, LedgerPosting.line_no)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The lines of an account, oldest first, from its balance before them."""

    opening: Money
    lines: Iterator[AccountLine]


def stream_entries(journal: Journal) -> Iterator[Entry]:
    """The entries asked for with their lines, oldest accounting day first; one query."""
    statement = (
        select(*entries.COLUMNS, *LINE)
        .select_from(LedgerEntry)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(*entries.conditions(journal))
        .order_by(*OLDEST_FIRST)
    )
    for header, postings in by_entry(stream(statement)):
        yield Entry(*(*header, postings))


def stream_account_lines(
    account: Account, *, since: date | None = None, until: date | None = None
) -> Stretch:
    """The lines of `account` from `since` to `until` with running balances; two queries."""
    opening = Money(0, account.currency)
    if since:
        opening = balance(account.code, since - timedelta(days=1))
    statement = (
        select(*accounts.LINE, LedgerPosting.amount)
        .select_from(LedgerPosting)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerPosting.account_id == account.id,
            *entries.conditions(Journal(since=since, until=until)),
        )
        .order_by(*OLDEST_FIRST)
    )
    return Stretch(opening, _running(stream(statement), opening))


def _running(rows: Iterable[Any], running: Money) -> Iterator[AccountLine]:
    for *facts, minor in rows:
        amount = Money(minor, running.currency)
        running += amount
        yield AccountLine(*(*facts, amount, running))


def stream(statement: Any) -> Iterator[Any]:
    """The rows, without ever holding all of them: a cursor on the server where there is one."""
    yield from db.session.execute(statement, execution_options={"yield_per": AT_ONCE})


def by_entry(rows: Iterable[Any]) -> Iterator[tuple[tuple[Any, ...], tuple[Posting, ...]]]:
    """Gather rows that begin with an entry's id and end with LINE."""
    for _, group in groupby(rows, key=lambda row: row[0]):
        lines = list(group)
        postings = tuple(
            Posting(line_no, code, Money(minor, currency))
            for *_header, line_no, code, currency, minor in lines
        )
        yield tuple(lines[0][: -len(LINE)]), postings


def first_and_last_day() -> tuple[date, date] | None:
    """Between which accounting days there are entries."""
    first, last = db.session.execute(
        select(func.min(LedgerEntry.effective_on), func.max(LedgerEntry.effective_on))
    ).one()
    return (first, last) if first else None


@dataclass(frozen=True, slots=True)
class UsedAccount:
    """An account between two days: from when it is needed, what it held before and after."""

    account: Account
    first_used_on: date
    opening: Money
    closing: Money


def list_used_accounts(*, since: date, until: date) -> list[UsedAccount]:
    """Accounts used up to `until`, by code; one query."""
    before = case((LedgerEntry.effective_on < since, LedgerPosting.amount), else_=0)
    rows = db.session.execute(
        select(
            *accounts.COLUMNS,
            func.min(LedgerEntry.effective_on),
            func.sum(before),
            func.sum(LedgerPosting.amount),
        )
        .select_from(LedgerPosting)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerEntry.effective_on <= until)
        .group_by(*accounts.COLUMNS)
    )
    used = [_used_account(*row) for row in rows]
    # Not by the database: its order of signs depends on its locale.
    return sorted(used, key=lambda row: row.account.code)


def _used_account(*row: Any) -> UsedAccount:
    *facts, first, opening, closing = row
    account = Account(*facts)
    return UsedAccount(
        account,
        first,
        Money(int(opening), account.currency),
        Money(int(closing), account.currency),
    )
