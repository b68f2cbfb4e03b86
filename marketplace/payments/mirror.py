"""The mirror of our account with Stripe: every line of theirs kept, and matched to one of ours.

Stripe tells nobody when a line appears, so the worker asks, a day back each time. Lines that
another room books (payments, refunds, disputes) are matched to its entries; the others are booked
here. The table of kinds is closed: what is not in it is unclassified until a person explains it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import structlog
from sqlalchemy import func, select

from marketplace.kernel.db import db, insert_once, transaction
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.operations import post
from marketplace.ledger.queries import find_entry
from marketplace.payments import recon_postings
from marketplace.payments.client import ask
from marketplace.payments.disputes import look_at_dispute, look_at_open_disputes
from marketplace.payments.errors import (
    LineClassified,
    NotAPlaceForIt,
    StripeRefused,
    StripeUnavailable,
)
from marketplace.payments.flows import settle
from marketplace.payments.models import Payment, PaymentState, ReconMatch, Refund, StripeLine
from marketplace.payments.recon_queries import codes_of, is_classified, list_unmatched_lines
from marketplace.reference.errors import RateMissing, RateTooOld
from marketplace.reference.queries import rate_on

log = structlog.get_logger()

BOOKS = "KRW"
OVERLAP = timedelta(days=1)
PAGE = 100
AT_ONCE = 500

# What other rooms book, and what is booked here, by Stripe's reporting category.
OF_OTHERS = frozenset({"charge", "refund", "refund_failure", "dispute", "dispute_reversal"})
CHARGES = frozenset({"fee", "network_cost", "tax"})
PAYOUT = "payout"
PAYOUT_BACK = "payout_reversal"
KNOWN = OF_OTHERS | CHARGES | {PAYOUT, PAYOUT_BACK}

# Where a person may say that an unknown line belongs.
PLACES = (
    "expenses:stripe-fee",
    "expenses:dispute-fee",
    "expenses:bank-fee",
    "liabilities:buyers",
    "assets:bank-transit",
)


def sync(*, at: datetime) -> int:
    """Mirror new lines and match what can be; returns how many were new. Safe to repeat.

    Raises StripeUnavailable.
    """
    new = mirror_lines(at=at)
    look_at_open_disputes(at=at)
    match_lines(at=at)
    return new


def mirror_lines(*, at: datetime) -> int:
    """Keep the lines that Stripe has and we have not; returns how many."""
    newest = db.session.scalar(select(func.max(StripeLine.created_at)))
    params: dict[str, Any] = {"limit": PAGE}
    if newest is not None:
        params["created"] = {"gte": int((newest - OVERLAP).timestamp())}
    new = 0
    while True:
        page = ask("get", "balance_transactions", params)
        with transaction():
            new += sum(keep_line(line, at) for line in page["data"])
        if not page["has_more"] or not page["data"]:
            return new
        params["starting_after"] = page["data"][-1]["id"]


def keep_line(line: dict[str, Any], at: datetime) -> bool:
    """Keep a line as Stripe sent it; whether it was new."""
    rate = line.get("exchange_rate")
    return insert_once(
        StripeLine,
        {
            "id": line["id"],
            "kind": line["type"],
            "category": line["reporting_category"],
            "source_id": line.get("source"),
            "currency": line["currency"].upper(),
            "gross_minor": line["amount"],
            "fee_minor": line["fee"],
            "net_minor": line["net"],
            "exchange_rate": None if rate is None else Decimal(str(rate)),
            "created_at": datetime.fromtimestamp(line["created"], UTC),
            "raw": json.dumps(line, default=str, sort_keys=True),
            "seen_at": at,
        },
    )


def match_lines(*, at: datetime) -> int:
    """Match or book what waits, oldest first; returns how many found their place.

    One that cannot be stops no other.
    """
    done = 0
    for line in sorted(list_unmatched_lines(limit=AT_ONCE), key=_turn):
        try:
            _hear_of_source(line, at)
            with transaction():
                done += match_line(line, at=at)
        except (StripeUnavailable, StripeRefused, RateMissing, RateTooOld) as error:
            log.warning("line waits", stripe_line=line.id, reason=str(error))
    return done


def _turn(line: StripeLine) -> tuple[datetime, int, str]:
    """In time, and within a second what came in before what left, and what came back last."""
    rank = {"charge": 0, PAYOUT: 2, PAYOUT_BACK: 3}.get(line.category, 1)
    return line.created_at, rank, line.id


def _hear_of_source(line: StripeLine, at: datetime) -> None:
    """Ask about what a line is of, where its event may have been lost."""
    source = line.source_id or ""
    if line.category == "charge":
        payment = _payment_of_charge(source)
        if payment is not None and payment.session_id and _posting(f"stripe_fee:{line.id}") is None:
            settle(payment.session_id, at=at)
    elif line.category in {"dispute", "dispute_reversal"} and source:
        look_at_dispute(source, at=at)


def match_line(line: StripeLine, *, at: datetime) -> bool:
    """Whether the line has its place in the books now; booked first where that is our part."""
    if line.category not in KNOWN:
        net = in_won(line, line.net_minor)
        if not net:
            return False
        post(
            recon_postings.stripe_unclassified(
                line.id, line.category, won(net), occurred_at=line.created_at, at=at
            )
        )
        log.error("unknown kind of line", stripe_line=line.id, category=line.category)
        return _match(line, "net", f"stripe_unclassified:{line.id}", at)
    if line.category == "charge":
        return _match_charge(line, at)
    if line.category in OF_OTHERS:
        keys = _keys_of(line)
        return any(_match(line, "net", key, at) for key in keys)
    return _book(line, at)


def _book(line: StripeLine, at: datetime) -> bool:
    when = {"occurred_at": line.created_at, "at": at}
    source = line.source_id or line.id
    if line.category in CHARGES:
        fee = won(-in_won(line, line.net_minor))
        post(recon_postings.stripe_charged(line.id, fee, **when))
        return _match(line, "net", f"stripe_charged:{line.id}", at)
    if line.category == PAYOUT:
        post(recon_postings.stripe_payout(source, won(_book_value(line)), **when))
        return _match(line, "net", f"stripe_payout:{source}", at)
    sent = find_entry(f"stripe_payout:{source}")
    if sent is None:
        return False
    amount = next(p.amount for p in sent.postings if p.path == recon_postings.TRANSIT)
    post(recon_postings.stripe_payout_failed(source, amount, **when))
    return _match(line, "net", f"stripe_payout_failed:{source}", at)


def _match_charge(line: StripeLine, at: datetime) -> bool:
    payment = _payment_of_charge(line.source_id or "")
    if payment is None:
        return False
    has_fee = not line.fee_minor or _match(line, "fee", f"stripe_fee:{line.id}", at)
    return _match_paid(line, payment, at) and has_fee


def _match_paid(line: StripeLine, payment: Payment, at: datetime) -> bool:
    """What the payment's purpose booked of it: its own entry, or that nobody wanted it."""
    if _is_matched(line, "gross"):
        return True
    rows = _stripe_postings().where(
        LedgerEntry.ref_kind == payment.purpose,
        LedgerEntry.ref_id == payment.reference,
        LedgerPosting.amount == payment.minor,
        ~LedgerEntry.kind.startswith("dispute_"),
        LedgerEntry.kind.not_in(("refund_failed", "stripe_fee")),
    )
    found = [row for row in db.session.execute(rows) if not _is_taken(row)]
    found.sort(key=lambda row: (row.occurred_at != payment.paid_at, row.entry_id))
    return bool(found) and _note(line, "gross", found[0], at)


def _keys_of(line: StripeLine) -> Sequence[str]:
    """The facts a line can stand for, as their entries are called."""
    source = line.source_id or ""
    if line.category == "dispute":
        return [f"dispute_opened:{source}"]
    if line.category == "dispute_reversal":
        return [f"dispute_won:{source}", f"dispute_recovered:{source}"]
    refund = db.session.scalar(select(Refund).where(Refund.stripe_id == source))
    if refund is None:
        return []
    kind = "refund" if line.category == "refund" else "refund_failed"
    return [f"{kind}:{refund.reference}"]


def _match(line: StripeLine, part: str, key: str, at: datetime) -> bool:
    if _is_matched(line, part):
        return True
    row = _posting(key)
    return row is not None and not _is_taken(row) and _note(line, part, row, at)


def _note(line: StripeLine, part: str, row: Any, at: datetime) -> bool:
    """Write the match down; not where both are in won and differ."""
    theirs = {"gross": line.gross_minor, "fee": -line.fee_minor, "net": line.net_minor}[part]
    if line.currency == row.currency and theirs != row.amount:
        log.error("line is not as booked", stripe_line=line.id, entry=row.entry_id)
        return False
    db.session.add(
        ReconMatch(
            stripe_line_id=line.id, part=part, entry_id=row.entry_id, line_no=row.line_no, at=at
        )
    )
    db.session.flush()
    return True


def _stripe_postings() -> Any:
    return (
        select(
            LedgerPosting.entry_id,
            LedgerPosting.line_no,
            LedgerPosting.amount,
            LedgerPosting.currency,
            LedgerEntry.occurred_at,
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerAccount.code.in_(codes_of(recon_postings.STRIPE)))
    )


def _posting(key: str) -> Any:
    return db.session.execute(
        _stripe_postings().where(LedgerEntry.idem_key == key).limit(1)
    ).first()


def _is_taken(row: Any) -> bool:
    return (
        db.session.scalar(
            select(ReconMatch.id).where(
                ReconMatch.entry_id == row.entry_id, ReconMatch.line_no == row.line_no
            )
        )
        is not None
    )


def _is_matched(line: StripeLine, part: str) -> bool:
    return (
        db.session.scalar(
            select(ReconMatch.id).where(
                ReconMatch.stripe_line_id == line.id, ReconMatch.part == part
            )
        )
        is not None
    )


def _payment_of_charge(charge_id: str) -> Payment | None:
    return db.session.scalar(
        select(Payment).where(Payment.charge_id == charge_id, Payment.state == PaymentState.PAID)
    )


def in_won(line: StripeLine, minor: int) -> int:
    """An amount of the line in the books' currency, at the rate of its day."""
    if line.currency == BOOKS:
        return minor
    rate, _ = rate_on(line.currency, BOOKS, today_in_seoul(line.created_at))
    return Money(minor, line.currency).convert(BOOKS, rate).minor


def _book_value(line: StripeLine) -> int:
    """What a payout takes from the books: what the lines at Stripe stand for there, on average."""
    if line.currency == BOOKS:
        return -line.net_minor
    booked = (
        select(func.sum(LedgerPosting.amount))
        .select_from(ReconMatch)
        .join(
            LedgerPosting,
            (LedgerPosting.entry_id == ReconMatch.entry_id)
            & (LedgerPosting.line_no == ReconMatch.line_no),
        )
        .join(StripeLine, StripeLine.id == ReconMatch.stripe_line_id)
        .where(StripeLine.currency == line.currency)
    )
    matched = select(ReconMatch.stripe_line_id).where(ReconMatch.stripe_line_id.is_not(None))
    theirs = select(func.sum(StripeLine.net_minor)).where(
        StripeLine.currency == line.currency, StripeLine.id.in_(matched)
    )
    ours = int(db.session.scalar(booked) or 0)
    there = int(db.session.scalar(theirs) or 0)
    if ours <= 0 or there <= 0:
        return -in_won(line, line.net_minor)
    part = Decimal(ours) * -line.net_minor / there
    return int(part.quantize(Decimal(1), ROUND_HALF_UP))


def classify_line(line: StripeLine, path: str, *, reason: str, by: int, at: datetime) -> None:
    """Say what an unknown line was; once. Raises LineClassified, NotAPlaceForIt."""
    if path not in PLACES:
        raise NotAPlaceForIt
    entry = find_entry(f"stripe_unclassified:{line.id}")
    if entry is None or is_classified(line.id):
        raise LineClassified
    net = next(p.amount for p in entry.postings if p.path == recon_postings.STRIPE)
    post(recon_postings.stripe_classified(line.id, path, net, reason, by=by, at=at))
    log.info("line classified", stripe_line=line.id, by=by)
