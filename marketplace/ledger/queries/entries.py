"""The journal: entries with their postings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db
from marketplace.kernel.ids import ALPHABET
from marketplace.kernel.money import Money
from marketplace.ledger.chart import path_of
from marketplace.ledger.errors import EntryNotFound
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.queries.accounts import under

NUMBER_DIGITS = 13


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
    reversed_by_id: int | None
    policy_id: int | None
    proposed_by: int | None
    approved_by: int | None
    postings: tuple[Posting, ...] = ()

    @property
    def number(self) -> str:
        return entry_number(self.id)

    @property
    def currencies(self) -> tuple[str, ...]:
        """In the order of their first line."""
        return tuple(dict.fromkeys(posting.amount.currency for posting in self.postings))

    def turnover(self, currency: str) -> Money:
        """The sum of the debits, which is that of the credits."""
        return Money(
            sum(
                posting.amount.minor
                for posting in self.postings
                if posting.amount.currency == currency and posting.amount.minor > 0
            ),
            currency,
        )


@dataclass(frozen=True, slots=True)
class Journal:
    """Which entries to show. `path` is an account, or the beginning of many.

    Every word of `text` is in what was booked, in a number, or in how a kind is called: `meant`
    are the kinds whose name a word is part of. `at_least` are the debits in its currency.
    """

    kind: str | None = None
    path: str | None = None
    text: str | None = None
    meant: Mapping[str, Collection[str]] = field(default_factory=dict)
    at_least: Money | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Neighbors:
    """What stands around an entry: the one it undoes, the one that undid it, the same matter.

    An entry and its reversal are about the same matter, even where that has no name.
    """

    reverses: Entry | None
    reversed_by: Entry | None
    about: tuple[Entry, ...]


_reversal = aliased(LedgerEntry)
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
    select(_reversal.id)
    .where(_reversal.reverses_id == LedgerEntry.id)
    .correlate(LedgerEntry)
    .scalar_subquery()
    .label("reversed_by_id"),
    LedgerEntry.policy_id,
    LedgerEntry.proposed_by,
    LedgerEntry.approved_by,
)


def entry_number(entry_id: int) -> str:
    """What people read for an id: `J-01K8T-3QRS-7VWX`."""
    return f"J-{_digits(entry_id)}"


def decision_number(decision_id: int) -> str:
    """As `entry_number`, for a decision: `D-01K8T-3QRS-7VWX`."""
    return f"D-{_digits(decision_id)}"


def _digits(id_: int) -> str:
    digits = "".join(ALPHABET[id_ >> 5 * place & 31] for place in reversed(range(NUMBER_DIGITS)))
    return f"{digits[:5]}-{digits[5:9]}-{digits[9:]}"


def entry_id_of(number: str) -> int | None:
    """The id behind a number as people type it; None for anything else."""
    digits = number.upper().removeprefix("J-").replace("-", "")
    if len(digits) != NUMBER_DIGITS or not set(digits) <= set(ALPHABET):
        return None
    entry_id = 0
    for digit in digits:
        entry_id = entry_id << 5 | ALPHABET.index(digit)
    return entry_id if entry_id < 1 << 63 else None


def entry_ids_of(number: str) -> tuple[int, int] | None:
    """The first and last id whose number begins as people typed it; None for anything else."""
    whole = entry_id_of(number)
    if whole is not None:
        return whole, whole
    digits = number.upper().removeprefix("J-").replace("-", "")
    if not number.upper().startswith("J-") or not 4 <= len(digits) < NUMBER_DIGITS:
        return None
    rest = NUMBER_DIGITS - len(digits)
    first, last = (entry_id_of(digits + end * rest) for end in (ALPHABET[0], ALPHABET[31]))
    return None if first is None or last is None else (first, last)


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


def list_entries(journal: Journal, *, offset: int = 0, limit: int = 50) -> list[Entry]:
    """A stretch of the journal with its lines, newest accounting day first; two queries."""
    return _entries(
        select(*COLUMNS)
        .where(*conditions(journal))
        .order_by(LedgerEntry.effective_on.desc(), LedgerEntry.id.desc())
        .offset(offset)
        .limit(limit)
    )


def count_entries(journal: Journal) -> int:
    statement = select(func.count()).select_from(LedgerEntry).where(*conditions(journal))
    return db.session.scalar(statement) or 0


def list_kinds() -> list[str]:
    """The kinds of entries there are."""
    return list(db.session.scalars(select(LedgerEntry.kind).distinct().order_by(LedgerEntry.kind)))


def neighbors(entry: Entry) -> Neighbors:
    """The entries to read beside this one, oldest first; two queries."""
    related = LedgerEntry.reverses_id == entry.id
    if entry.reverses_id is not None:
        related = or_(related, LedgerEntry.id == entry.reverses_id)
    if entry.ref_id is not None:
        related = or_(
            related, (LedgerEntry.ref_kind == entry.ref_kind) & (LedgerEntry.ref_id == entry.ref_id)
        )
    found = _entries(
        select(*COLUMNS).where(related, LedgerEntry.id != entry.id).order_by(LedgerEntry.id)
    )
    by_id = {other.id: other for other in found}
    return Neighbors(
        reverses=by_id.get(entry.reverses_id or 0),
        reversed_by=by_id.get(entry.reversed_by_id or 0),
        about=tuple(found),
    )


def conditions(journal: Journal) -> list[ColumnElement[bool]]:
    """What is true of the entries asked for."""
    conditions: list[ColumnElement[bool]] = []
    if journal.kind:
        conditions.append(LedgerEntry.kind == journal.kind)
    if journal.path:
        touching = (
            select(LedgerPosting.entry_id)
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .where(under(journal.path))
        )
        conditions.append(LedgerEntry.id.in_(touching))
    for word in (journal.text or "").split():
        conditions.append(_speaks_of(word, journal.meant.get(word, ())))
    if journal.at_least:
        conditions.append(_turnover_in(journal.at_least.currency) >= journal.at_least.minor)
    if journal.since:
        conditions.append(LedgerEntry.effective_on >= journal.since)
    if journal.until:
        conditions.append(LedgerEntry.effective_on <= journal.until)
    return conditions


def _speaks_of(word: str, kinds: Collection[str]) -> ColumnElement[bool]:
    numbers = entry_ids_of(word)
    return or_(
        LedgerEntry.memo.icontains(word, autoescape=True),
        LedgerEntry.ref_id.icontains(word, autoescape=True),
        LedgerEntry.idem_key.icontains(word, autoescape=True),
        *([LedgerEntry.id.between(*numbers)] if numbers else []),
        *([LedgerEntry.kind.in_(sorted(kinds))] if kinds else []),
    )


def _turnover_in(currency: str) -> ColumnElement[int]:
    """The debits of an entry in one currency."""
    return (
        select(func.coalesce(func.sum(LedgerPosting.amount), 0))
        .where(
            LedgerPosting.entry_id == LedgerEntry.id,
            LedgerPosting.currency == currency,
            LedgerPosting.amount > 0,
        )
        .correlate(LedgerEntry)
        .scalar_subquery()
    )


def _entries(statement: Any) -> list[Entry]:
    entries = [Entry(**row._mapping) for row in db.session.execute(statement)]
    postings = _postings_of([entry.id for entry in entries]) if entries else {}
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
