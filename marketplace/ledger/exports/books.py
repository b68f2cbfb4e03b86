"""What leaves the house of the books: which accounts and entries, and what of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import and_, func, select

from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.exports.names import Funds
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.queries.decisions import PublicDecision, list_decisions
from marketplace.ledger.queries.entries import Journal, Posting, conditions, entry_number
from marketplace.ledger.queries.streams import (
    LINE,
    OLDEST_FIRST,
    UsedAccount,
    by_entry,
    first_and_last_day,
    list_used_accounts,
    stream,
)

# What may be named. An order's number leads to its buyer, and a memo may say anything.
PUBLIC_MATTERS = frozenset({"program", "pledge"})


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """An entry without memo, key, people or order. `about` is the first entry of its matter."""

    number: str
    kind: str
    effective_on: date
    occurred_on: date
    about: str | None
    matter: str | None
    reverses: str | None
    postings: tuple[Posting, ...]

    @property
    def title(self) -> str:
        return self.kind.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Books:
    """All accounts used up to `last_on`, and the entries from `first_on` on.

    `entries` asks the database anew each time; read it as of the same instant as the rest.
    """

    funds: Funds
    first_on: date
    last_on: date
    accounts: list[UsedAccount] = field(repr=False)

    @property
    def currencies(self) -> list[str]:
        return sorted({used.account.currency for used in self.accounts})

    @property
    def opened(self) -> list[UsedAccount]:
        """Accounts that held something when the first day began."""
        return [used for used in self.accounts if used.opening]

    def classes(self) -> dict[str, str]:
        """The class of every account, as a word."""
        return {
            used.account.code: used.account.account_class.name.lower() for used in self.accounts
        }

    def entries(self) -> Iterator[ExportedEntry]:
        return _stream(Journal(since=self.first_on, until=self.last_on))

    def decisions(self) -> Iterator[PublicDecision]:
        """What people decided in these days."""
        return list_decisions(since=self.first_on, until=self.last_on)


def open_books(
    funds: Funds = Funds.LIABILITIES, *, since: date | None = None, until: date | None = None
) -> Books | None:
    """The books between two days, by themselves their first and last; None while empty."""
    days = first_and_last_day()
    if days is None:
        return None
    first_on, last_on = since or days[0], until or days[1]
    return Books(funds, first_on, last_on, list_used_accounts(since=first_on, until=last_on))


def _stream(journal: Journal) -> Iterator[ExportedEntry]:
    matters = (
        select(LedgerEntry.ref_kind, LedgerEntry.ref_id, func.min(LedgerEntry.id).label("first_id"))
        .where(LedgerEntry.ref_id.is_not(None))
        .group_by(LedgerEntry.ref_kind, LedgerEntry.ref_id)
        .subquery()
    )
    statement = (
        select(
            LedgerEntry.id,
            LedgerEntry.kind,
            LedgerEntry.effective_on,
            LedgerEntry.occurred_at,
            LedgerEntry.ref_kind,
            LedgerEntry.ref_id,
            LedgerEntry.reverses_id,
            matters.c.first_id,
            *LINE,
        )
        .select_from(LedgerEntry)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .outerjoin(
            matters,
            and_(
                matters.c.ref_kind == LedgerEntry.ref_kind, matters.c.ref_id == LedgerEntry.ref_id
            ),
        )
        .where(*conditions(journal))
        .order_by(*OLDEST_FIRST)
    )
    for header, postings in by_entry(stream(statement)):
        entry_id, kind, effective_on, occurred_at, ref_kind, ref_id, reverses_id, first_id = header
        yield ExportedEntry(
            number=entry_number(entry_id),
            kind=kind,
            effective_on=effective_on,
            occurred_on=today_in_seoul(occurred_at),
            about=entry_number(first_id) if first_id else None,
            matter=f"{ref_kind} {ref_id}" if ref_kind in PUBLIC_MATTERS else None,
            reverses=entry_number(reverses_id) if reverses_id else None,
            postings=postings,
        )
