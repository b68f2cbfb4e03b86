"""Journal entries with their postings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.chart import path_of
from marketplace.ledger.errors import EntryNotFound
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting


@dataclass(frozen=True, slots=True)
class Posting:
    """One line; debit positive, credit negative."""

    line_no: int
    code: str
    amount: Money

    @property
    def path(self) -> str:
        return path_of(self.code)

    @property
    def debit(self) -> Money | None:
        return self.amount if self.amount.minor > 0 else None

    @property
    def credit(self) -> Money | None:
        return -self.amount if self.amount.minor < 0 else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked fact with its lines."""

    id: int
    kind: str
    idem_key: str
    effective_on: date
    occurred_at: datetime
    posted_at: datetime
    memo: str
    ref_kind: str | None
    ref_id: str | None
    reverses_id: int | None
    policy_id: int | None
    proposed_by: int | None
    approved_by: int | None
    postings: tuple[Posting, ...] = ()


COLUMNS = (
    LedgerEntry.id,
    LedgerEntry.kind,
    LedgerEntry.idem_key,
    LedgerEntry.effective_on,
    LedgerEntry.occurred_at,
    LedgerEntry.posted_at,
    LedgerEntry.memo,
    LedgerEntry.ref_kind,
    LedgerEntry.ref_id,
    LedgerEntry.reverses_id,
    LedgerEntry.policy_id,
    LedgerEntry.proposed_by,
    LedgerEntry.approved_by,
)


def find_entry(key: int | str) -> Entry | None:
    """The entry with this id, or with this idempotency key."""
    column = LedgerEntry.id if isinstance(key, int) else LedgerEntry.idem_key
    return next(iter(_entries(select(*COLUMNS).where(column == key))), None)


def get_entry(key: int | str) -> Entry:
    """As `find_entry`; raises EntryNotFound."""
    entry = find_entry(key)
    if entry is None:
        raise EntryNotFound
    return entry


def entries_about(ref_kind: str, ref_id: str) -> list[Entry]:
    """All entries about one thing, oldest first."""
    return _entries(
        select(*COLUMNS)
        .where(LedgerEntry.ref_kind == ref_kind, LedgerEntry.ref_id == ref_id)
        .order_by(LedgerEntry.id)
    )


def _entries(statement: Any) -> list[Entry]:
    entries = [Entry(**row._mapping) for row in db.session.execute(statement)]
    postings = _postings_of([entry.id for entry in entries])
    return [replace(entry, postings=tuple(postings[entry.id])) for entry in entries]


def _postings_of(entry_ids: Collection[int]) -> dict[int, list[Posting]]:
    found: dict[int, list[Posting]] = {entry_id: [] for entry_id in entry_ids}
    rows = db.session.execute(
        select(
            LedgerPosting.entry_id,
            LedgerPosting.line_no,
            LedgerAccount.code,
            LedgerPosting.currency,
            LedgerPosting.amount,
        )
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.entry_id.in_(entry_ids))
        .order_by(LedgerPosting.entry_id, LedgerPosting.line_no)
    )
    for entry_id, line_no, code, currency, minor in rows:
        found[entry_id].append(Posting(line_no, code, Money(minor, currency)))
    return found
