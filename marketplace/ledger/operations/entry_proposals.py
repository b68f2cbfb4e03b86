"""Entries that people write by hand, by two of them: reversals and adjustments.

A reversal counts for the day it is signed. An adjustment has its own accounting day and is the one
kind that a soft-closed month still takes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import structlog
from sqlalchemy import func, select

from marketplace.kernel.db import db, exists, lock, lock_word
from marketplace.kernel.money import Money
from marketplace.kernel.time import SEOUL, today_in_seoul
from marketplace.ledger.decisions import facts_of_entry_proposal
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.errors import (
    AlreadyReversed,
    AmountTooLarge,
    EntryDayBeforeBooks,
    EntryDayInFuture,
    EntryMatterChanged,
    EntryMemoMissing,
    EntryProposalDecided,
    EntryProposalStale,
    EntryReasonMissing,
    FundsUncovered,
    MixedCurrencies,
    NothingMoves,
    NotReversible,
    NotYourEntryProposal,
    ReversalWaiting,
    SelfApproval,
)
from marketplace.ledger.hooks import check_adjustable, find_reversible
from marketplace.ledger.models import LedgerEntry, LedgerEntryProposal
from marketplace.ledger.operations.decisions import keep_decision
from marketplace.ledger.operations.posting import mirror, post, reverse
from marketplace.ledger.queries.balances import list_accounts
from marketplace.ledger.queries.entries import Entry, get_entry
from marketplace.ledger.queries.invariants.accounts import CASH, coverage
from marketplace.ledger.queries.periods import books_begin

log = structlog.get_logger()

REVERSAL = "reversal"
ADJUSTMENT = "adjustment"
MOST = 10**15
"""Minor units of one line; sums of many such lines still fit 64 bits."""
NOBODY = 0
"""Stands for the second person while a proposal is tried."""


def propose_reversal(entry_id: int, *, reason: str, by: int, at: datetime) -> LedgerEntryProposal:
    """Ask to undo an entry; a second person has to sign it.

    Raises EntryNotFound, EntryReasonMissing, NotReversible, ReversalWaiting, what the room of the
    entry refuses, and what booking it now would raise; then nothing is written.
    """
    if not reason.strip():
        raise EntryReasonMissing
    original = get_entry(entry_id)
    _check_reversible(original)
    if exists(
        select(LedgerEntryProposal.id).where(
            LedgerEntryProposal.reverses_id == entry_id,
            LedgerEntryProposal.approved_by.is_(None),
            LedgerEntryProposal.withdrawn_by.is_(None),
        )
    ):
        raise ReversalWaiting
    proposal = LedgerEntryProposal(
        kind=REVERSAL,
        lines=_plain(mirror(original)),
        effective_on=today_in_seoul(at),
        memo=f"Reversal of {original.number}: {reason.strip()}",
        reason=reason.strip(),
        reverses_id=original.id,
        last_entry_id=_last_about(original),
        proposed_by=by,
        proposed_at=at,
    )
    _try(proposal, at)
    return _keep(proposal)


def propose_adjustment(
    lines: Sequence[Line], *, effective_on: date, memo: str, reason: str, by: int, at: datetime
) -> LedgerEntryProposal:
    """Ask to book `lines` for `effective_on`; a second person has to sign it.

    Raises EntryMemoMissing, EntryReasonMissing, EntryDayInFuture, EntryDayBeforeBooks,
    MixedCurrencies, AmountTooLarge, NothingMoves, NotByHand, FundsUncovered, and what booking it
    now would raise; then nothing is written.
    """
    proposal = LedgerEntryProposal(kind=ADJUSTMENT, proposed_by=by)
    _fill(proposal, lines, effective_on=effective_on, memo=memo, reason=reason, at=at)
    return _keep(proposal)


def revise_adjustment(
    proposal: LedgerEntryProposal,
    lines: Sequence[Line],
    *,
    effective_on: date,
    memo: str,
    reason: str,
    by: int,
    at: datetime,
) -> None:
    """Change an adjustment that waits; what was read before can no longer be signed.

    Raises EntryProposalDecided, NotYourEntryProposal and what `propose_adjustment` raises.
    """
    proposal = lock(LedgerEntryProposal, proposal.id)
    if not proposal.is_waiting or proposal.kind != ADJUSTMENT:
        raise EntryProposalDecided
    if proposal.proposed_by != by:
        raise NotYourEntryProposal
    _fill(proposal, lines, effective_on=effective_on, memo=memo, reason=reason, at=at)
    proposal.body_sha256 = _seal(proposal)
    db.session.flush()


def approve_entry(proposal: LedgerEntryProposal, *, by: int, body_sha256: str, at: datetime) -> int:
    """Sign an entry as the second person and book it, once; returns its id.

    `body_sha256` is of what was read. Raises EntryProposalDecided, SelfApproval,
    EntryProposalStale, EntryMatterChanged, AlreadyReversed, EntryDayBeforeBooks, NotByHand,
    FundsUncovered and what `post` raises.
    """
    proposal = lock(LedgerEntryProposal, proposal.id)
    if not proposal.is_waiting:
        raise EntryProposalDecided
    if proposal.proposed_by == by:
        raise SelfApproval
    if not proposal.body_sha256 == body_sha256 == _seal(proposal):
        raise EntryProposalStale
    proposal.entry_id = _book(proposal, by=by, at=at)
    proposal.approved_by = by
    proposal.approved_at = at
    db.session.flush()
    keep_decision(facts_of_entry_proposal(proposal), after=proposal.entry_id)
    log.info("entry approved", proposal=proposal.id, entry=proposal.entry_id, by=by)
    return proposal.entry_id


def withdraw_entry(proposal: LedgerEntryProposal, *, by: int, at: datetime) -> None:
    """Take back a proposal that waits; anybody of the staff may. Raises EntryProposalDecided."""
    proposal = lock(LedgerEntryProposal, proposal.id)
    if proposal.withdrawn_by is not None:
        return
    if proposal.approved_by is not None:
        raise EntryProposalDecided
    proposal.withdrawn_by = by
    proposal.withdrawn_at = at
    db.session.flush()
    keep_decision(facts_of_entry_proposal(proposal))


def lines_of(proposal: LedgerEntryProposal) -> list[Line]:
    return [Line(path, Money(minor, currency)) for path, minor, currency in proposal.lines]


def _fill(
    proposal: LedgerEntryProposal,
    lines: Sequence[Line],
    *,
    effective_on: date,
    memo: str,
    reason: str,
    at: datetime,
) -> None:
    if not memo.strip():
        raise EntryMemoMissing
    if not reason.strip():
        raise EntryReasonMissing
    if effective_on > today_in_seoul(at):
        raise EntryDayInFuture
    if len({line.amount.currency for line in lines}) > 1:
        raise MixedCurrencies
    if any(abs(line.amount.minor) > MOST for line in lines):
        raise AmountTooLarge(most=Money(MOST, lines[0].amount.currency))
    trial = LedgerEntryProposal(
        kind=ADJUSTMENT,
        lines=_plain(lines),
        effective_on=effective_on,
        memo=memo.strip(),
        reason=reason.strip(),
        proposed_by=proposal.proposed_by,
        proposed_at=at,
    )
    _try(trial, at)
    for name in ("lines", "effective_on", "memo", "reason", "proposed_at"):
        setattr(proposal, name, getattr(trial, name))


def _keep(proposal: LedgerEntryProposal) -> LedgerEntryProposal:
    proposal.body_sha256 = _seal(proposal)
    db.session.add(proposal)
    db.session.flush()
    log.info("entry proposed", proposal=proposal.id, kind=proposal.kind, by=proposal.proposed_by)
    return proposal


def _try(proposal: LedgerEntryProposal, at: datetime) -> None:
    """Book it as if it were signed, and undo that: whatever the books refuse is raised now."""
    attempt = db.session.begin_nested()
    try:
        _book(proposal, by=NOBODY, at=at)
    finally:
        attempt.rollback()


def _book(proposal: LedgerEntryProposal, *, by: int, at: datetime) -> int:
    if proposal.reverses_id is None:
        entry = replace(_adjustment(proposal), approved_by=by)
        entry.check()
        _check_moves(entry.lines)
        _check_begun(entry.effective_on)
        check_adjustable(entry.lines)
        _check_covered(entry.lines)
        return post(entry)
    original = get_entry(proposal.reverses_id)
    if original.reversed_by_id is not None:
        raise AlreadyReversed
    _check_reversible(original)
    if _last_about(original) != proposal.last_entry_id:
        raise EntryMatterChanged
    return reverse(
        original.id,
        occurred_at=at,
        effective_on=today_in_seoul(at),
        memo=proposal.memo,
        proposed_by=proposal.proposed_by,
        approved_by=by,
    )


def _adjustment(proposal: LedgerEntryProposal) -> NewEntry:
    """Its day is all that is known of when the world did it: noon there, or when it was written."""
    noon = datetime.combine(proposal.effective_on, time(12), SEOUL)
    return NewEntry(
        kind=ADJUSTMENT,
        idem_key=f"adjustment:{proposal.id or 'trial'}",
        occurred_at=min(noon, proposal.proposed_at),
        effective_on=proposal.effective_on,
        memo=proposal.memo,
        lines=lines_of(proposal),
        proposed_by=proposal.proposed_by,
    )


def _check_moves(lines: Sequence[Line]) -> None:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.code] += line.amount.minor
    if not any(sums.values()):
        raise NothingMoves


def _check_begun(day: date) -> None:
    begin = books_begin()
    if begin is not None and day < begin:
        raise EntryDayBeforeBooks(month=f"{begin:%Y-%m}")


def _check_covered(lines: Sequence[Line]) -> None:
    """Refuse to take cash that restricted funds need; what adds cash is welcome at any time."""
    taken = -sum(line.amount.minor for line in lines if line.path in CASH)
    if taken <= 0:
        return
    # Of two signatures at once the second sees what the first has taken.
    lock_word("cash of the funds")
    found = coverage(list_accounts()).get(lines[0].amount.currency)
    if found is None:
        return
    held, cash = found
    left = cash - Money(taken, cash.currency)
    if held > left:
        raise FundsUncovered(held=held, cash=left)


def _check_reversible(original: Entry) -> None:
    check = find_reversible(original.kind)
    if check is None:
        raise NotReversible
    check(original.id)


def _last_about(entry: Entry) -> int:
    """The newest entry about the same matter, or the entry itself."""
    if entry.ref_id is None:
        return entry.id
    newest = db.session.scalar(
        select(func.max(LedgerEntry.id)).where(
            LedgerEntry.ref_kind == entry.ref_kind, LedgerEntry.ref_id == entry.ref_id
        )
    )
    return int(newest or entry.id)


def _plain(lines: Sequence[Line]) -> list[Any]:
    return [[line.path, line.amount.minor, line.amount.currency] for line in lines]


def _seal(proposal: LedgerEntryProposal) -> str:
    """The hash of everything the second person reads; a changed word changes it."""
    body = {
        "kind": proposal.kind,
        "lines": proposal.lines,
        "effective_on": proposal.effective_on.isoformat(),
        "memo": proposal.memo,
        "reason": proposal.reason,
        "reverses": proposal.reverses_id,
        "last": proposal.last_entry_id,
        "proposed_by": proposal.proposed_by,
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
