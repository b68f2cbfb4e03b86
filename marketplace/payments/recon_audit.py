"""What the mirror of Stripe and bank statements add to the audit: line against line."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.hooks import Breach, Finding, register_check
from marketplace.ledger.models import LedgerEntry, LedgerPosting
from marketplace.payments.hooks import bank_kinds
from marketplace.payments.models import BankBooking, BankLine, ReconMatch, StripeLine
from marketplace.payments.recon_queries import (
    STRIPE,
    find_mirror_start,
    list_unclear_lines,
    list_unmatched_bank_lines,
    list_unmatched_lines,
    list_unmatched_postings,
)

# Events come late, and the mirror looks every few minutes.
MATCHED_WITHIN = timedelta(days=1)
EXPLAINED_WITHIN = timedelta(days=3)
SEEN_WITHIN = timedelta(days=7)
AT_MOST = 1000


def register_checks() -> None:
    register_check("I11", N_("Stripe's lines, each in our books"), check_lines)
    register_check("I11", N_("Our lines, each confirmed by Stripe"), check_postings)
    register_check("I11", N_("Sums of matched lines"), check_sums)
    register_check("I12", N_("Unclear lines of Stripe"), check_unclear)
    register_check("I12", N_("Lines of bank statements"), check_bank_lines)
    register_check("I16", N_("Signatures on lines of banks"), check_signatures)


def check_lines(at: datetime) -> Finding:
    late = [
        line for line in list_unmatched_lines(limit=AT_MOST) if line.seen_at <= at - MATCHED_WITHIN
    ]
    return Finding(
        _count(StripeLine),
        [
            Breach(
                N_("Stripe's line %(line)s (%(category)s, %(amount)s) is not in the books."),
                {"line": line.id, "category": line.category, "amount": line.net},
            )
            for line in late
        ],
    )


def check_postings(at: datetime) -> Finding:
    """Of the time since lines are kept; what was booked before has nothing to be compared with."""
    since = find_mirror_start()
    rows = [] if since is None else list_unmatched_postings(STRIPE, since)
    return Finding(
        len(rows),
        [
            Breach(
                N_("%(amount)s is booked with Stripe, and Stripe has no such line."),
                {"amount": Money(row.amount, row.currency)},
                row.entry_id,
            )
            for row in rows
            if row.posted_at <= at - MATCHED_WITHIN
        ],
    )


def check_sums(at: datetime) -> Finding:
    """Whether what is matched is the same amount, wherever Stripe settles in the books' currency.

    In another currency the books keep what was paid, and exchange results show with the payouts.
    """
    ours = (
        select(ReconMatch.stripe_line_id, func.sum(LedgerPosting.amount).label("minor"))
        .join(
            LedgerPosting,
            (LedgerPosting.entry_id == ReconMatch.entry_id)
            & (LedgerPosting.line_no == ReconMatch.line_no),
        )
        .where(ReconMatch.stripe_line_id.is_not(None))
        .group_by(ReconMatch.stripe_line_id)
        .subquery()
    )
    waiting = [line.id for line in list_unmatched_lines(limit=AT_MOST)]
    rows = db.session.execute(
        select(StripeLine, ours.c.minor)
        .join(ours, ours.c.stripe_line_id == StripeLine.id)
        .where(StripeLine.currency == "KRW", StripeLine.net_minor != ours.c.minor)
    ).all()
    return Finding(
        _count(ReconMatch),
        [
            Breach(
                N_("Stripe's line %(line)s is %(theirs)s, and %(ours)s is booked."),
                {
                    "line": line.id,
                    "theirs": line.net,
                    "ours": Money(int(minor), line.currency),
                },
            )
            for line, minor in rows
            if line.id not in waiting
        ],
    )


def check_unclear(at: datetime) -> Finding:
    rows = list_unclear_lines()
    return Finding(
        len(rows),
        [
            Breach(
                N_("Nobody has said what Stripe's line %(line)s (%(category)s) is."),
                {"line": line.id, "category": line.category},
            )
            for line in rows
            if line.seen_at <= at - EXPLAINED_WITHIN
        ],
    )


def check_bank_lines(at: datetime) -> Finding:
    limit = today_in_seoul(at - SEEN_WITHIN)
    return Finding(
        _count(BankLine),
        [
            Breach(
                N_("The bank's line %(reference)s of %(day)s over %(amount)s is not in the books."),
                {"reference": line.reference, "day": line.on.isoformat(), "amount": line.amount},
            )
            for line in list_unmatched_bank_lines(limit=AT_MOST)
            if line.on <= limit
        ],
    )


def check_signatures(at: datetime) -> Finding:
    """Whether two different people stand on every line that was booked as what they said."""
    rows = db.session.execute(
        select(LedgerEntry.id, BankBooking.id.label("booking_id"))
        .outerjoin(
            BankBooking,
            and_(
                BankBooking.entry_id == LedgerEntry.id,
                BankBooking.kind == LedgerEntry.kind,
                BankBooking.proposed_by == LedgerEntry.proposed_by,
                BankBooking.approved_by == LedgerEntry.approved_by,
            ),
        )
        .where(LedgerEntry.kind.in_(bank_kinds()))
        .order_by(LedgerEntry.id)
    ).all()
    return Finding(
        len(rows),
        [
            Breach(N_("The entry is not what two people signed."), {}, row.id)
            for row in rows
            if row.booking_id is None
        ],
    )


def _count(model: type[StripeLine] | type[ReconMatch] | type[BankLine]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0
