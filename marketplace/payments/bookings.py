"""Lines of banks that no other page books, such as fees: booked and matched by two people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from marketplace.kernel.db import db, exists, lock
from marketplace.kernel.money import Money
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.errors import SelfApproval
from marketplace.ledger.operations import post
from marketplace.payments import recon_postings
from marketplace.payments.bank import noon_of, note_match
from marketplace.payments.errors import (
    AlreadyMatched,
    BookingDecided,
    BookingStale,
    BookingWaiting,
    MoneyCame,
    MoneyLeft,
)
from marketplace.payments.hooks import BankKind, Facts, bank_kind, register_bank_kind
from marketplace.payments.models import BankBooking, BankLine
from marketplace.payments.recon_queries import is_matched, list_bank_candidates, waiting_bookings

log = structlog.get_logger()

NOBODY = 0
"""Stands for the second person while a proposal is tried."""


def propose_booking(
    line: BankLine, kind: str, facts: Facts, *, by: int, at: datetime
) -> BankBooking:
    """Say what a bank's line is; a second person has to sign it.

    Raises NotAKindOfLine, AlreadyMatched, BookingWaiting, what the kind refuses and what booking
    it now would raise; then nothing is written.
    """
    line = lock(BankLine, line.id)
    if is_matched(line):
        raise AlreadyMatched
    if exists(waiting_bookings().where(BankBooking.bank_line_id == line.id)):
        raise BookingWaiting
    entry = bank_kind(kind).draft(line, facts, at)
    _try(entry, by)
    booking = BankBooking(
        line=line,
        kind=kind,
        facts=dict(facts),
        lines=_plain(entry),
        memo=entry.memo,
        proposed_by=by,
        proposed_at=at,
    )
    booking.body_sha256 = _seal(booking)
    db.session.add(booking)
    db.session.flush()
    log.info("booking proposed", booking=booking.id, kind=kind, by=by)
    return booking


def approve_booking(booking: BankBooking, *, by: int, body_sha256: str, at: datetime) -> int:
    """Sign as the second person: the line is booked and matched, once; returns the entry's id.

    `body_sha256` is of what was read. Raises BookingDecided, SelfApproval, AlreadyMatched,
    BookingStale, what the kind refuses and what `post` raises.
    """
    line = lock(BankLine, booking.bank_line_id)
    booking = lock(BankBooking, booking.id)
    if not booking.is_waiting:
        raise BookingDecided
    if booking.proposed_by == by:
        raise SelfApproval
    if is_matched(line):
        raise AlreadyMatched
    kind = bank_kind(booking.kind)
    entry = kind.draft(line, booking.facts, at)
    if _plain(entry) != booking.lines or not (booking.body_sha256 == body_sha256 == _seal(booking)):
        raise BookingStale
    entry_id = post(replace(entry, proposed_by=booking.proposed_by, approved_by=by))
    kind.booked(booking.facts, entry_id)
    note_match(line, _posting_of(line, entry_id), at, by=by)
    booking.entry_id, booking.approved_by, booking.approved_at = entry_id, by, at
    db.session.flush()
    log.info("booking approved", booking=booking.id, entry=entry_id, by=by)
    return entry_id


def withdraw_booking(booking: BankBooking, *, by: int, at: datetime) -> None:
    """Take back a proposal that waits; anybody of the staff may. Raises BookingDecided."""
    booking = lock(BankBooking, booking.id)
    if booking.withdrawn_by is not None:
        return
    if booking.approved_by is not None:
        raise BookingDecided
    booking.withdrawn_by, booking.withdrawn_at = by, at
    db.session.flush()


def lines_of(booking: BankBooking) -> list[Line]:
    return [Line(path, Money(minor, currency)) for path, minor, currency in booking.lines]


def register_kinds() -> None:
    register_bank_kind("bank_fee", BankKind(draft=_bank_fee))
    register_bank_kind("bank_fee_returned", BankKind(draft=_bank_fee_returned))


def _bank_fee(line: BankLine, facts: Facts, at: datetime) -> NewEntry:
    if line.minor > 0:
        raise MoneyCame
    return recon_postings.bank_fee(
        line.id, line.path, -line.amount, facts["what"], occurred_at=noon_of(line, at), at=at
    )


def _bank_fee_returned(line: BankLine, facts: Facts, at: datetime) -> NewEntry:
    if line.minor < 0:
        raise MoneyLeft
    return recon_postings.bank_fee_returned(
        line.id, line.path, line.amount, facts["what"], occurred_at=noon_of(line, at), at=at
    )


def _try(entry: NewEntry, by: int) -> None:
    """Book it as if it were signed, and undo that: whatever the books refuse is raised now."""
    attempt = db.session.begin_nested()
    try:
        post(replace(entry, proposed_by=by, approved_by=NOBODY))
    finally:
        attempt.rollback()


def _posting_of(line: BankLine, entry_id: int) -> Any:
    return next(row for row in list_bank_candidates(line) if row.entry_id == entry_id)


def _plain(entry: NewEntry) -> list[Sequence[object]]:
    return [[line.path, line.amount.minor, line.amount.currency] for line in entry.lines]


def _seal(booking: BankBooking) -> str:
    """The hash of everything the second person reads; a changed word changes it."""
    body = {
        "bank_line": booking.line.id,
        "kind": booking.kind,
        "facts": booking.facts,
        "lines": booking.lines,
        "memo": booking.memo,
        "proposed_by": booking.proposed_by,
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
