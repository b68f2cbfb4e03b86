"""Disputes: a buyer's bank takes a payment back, and sometimes returns it.

An event only says where to look. What Stripe says then is taken over as a whole, so that events
that come twice, late or in another order end the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import structlog
from sqlalchemy import select

from marketplace.kernel.db import db, transaction
from marketplace.payments.client import ask
from marketplace.payments.flows import settle
from marketplace.payments.hooks import purpose_of
from marketplace.payments.models import Dispute, Payment, PaymentState
from marketplace.payments.queries import list_open_disputes

log = structlog.get_logger()


def look_at_dispute(dispute_id: str, *, at: datetime) -> str | None:
    """Ask Stripe how a dispute stands and take that over; what is wrong with it, if anything.

    Raises StripeUnavailable, StripeRefused.
    """
    answer = ask("get", f"disputes/{dispute_id}", {"expand": ["charge"]})
    payment = _payment_of(answer)
    if payment is None or payment.session_id is None:
        return "dispute of an unknown payment"
    if payment.state is not PaymentState.PAID:
        settle(payment.session_id, at=at)
    with transaction():
        return record_dispute(answer, payment.id, at=at)


def look_at_open_disputes(*, at: datetime) -> int:
    """Ask about each open dispute, whose events may have been lost; returns how many ended."""
    ended = 0
    for dispute in list_open_disputes():
        look_at_dispute(dispute.id, at=at)
        db.session.refresh(dispute)
        ended += not dispute.is_open
    return ended


def record_dispute(answer: dict[str, Any], payment_id: int, *, at: datetime) -> str | None:
    """Take over what Stripe says of a dispute; the payment's room books it. Safe to repeat."""
    payment = db.session.scalars(
        select(Payment)
        .where(Payment.id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if payment.state is not PaymentState.PAID:
        return "dispute of a payment that is not ours"
    if answer["currency"].upper() != payment.currency or answer["amount"] > payment.minor:
        log.error("dispute is not as paid", dispute=answer["id"], payment=payment.id)
        return f"paid {payment.minor} {payment.currency}, disputed {answer['amount']}"
    dispute = db.session.get(Dispute, answer["id"], populate_existing=True)
    if dispute is None:
        dispute = Dispute(
            id=answer["id"], payment_id=payment.id, opened_at=_time(answer["created"])
        )
        db.session.add(dispute)
    _take_over(dispute, answer, at)
    db.session.flush()
    book = purpose_of(payment).disputed
    if book is None:
        return f"nobody books disputes of a {payment.purpose}"
    book(payment, dispute, at=at)
    log.info("dispute seen", dispute=dispute.id, status=dispute.status)
    return None


def _take_over(dispute: Dispute, answer: dict[str, Any], at: datetime) -> None:
    dispute.minor, dispute.currency = answer["amount"], answer["currency"].upper()
    dispute.reason, dispute.status = answer["reason"], answer["status"]
    due = (answer.get("evidence_details") or {}).get("due_by")
    dispute.answer_by = _time(due) if due else None
    lines = answer.get("balance_transactions") or []
    # What was once seen stays: an entry in the books stands for it.
    if not dispute.withdrawn_minor:
        taken = [line for line in lines if line["amount"] < 0]
        dispute.withdrawn_minor = dispute.minor if taken else 0
        dispute.fee_minor = _fee_of(taken, dispute)
    if not dispute.reinstated_minor:
        returned = [line for line in lines if line["amount"] > 0]
        dispute.reinstated_minor = dispute.minor if returned else 0
        dispute.fee_back_minor = -_fee_of(returned, dispute)
    if not dispute.is_open and dispute.closed_at is None:
        dispute.closed_at = at


def _fee_of(lines: list[dict[str, Any]], dispute: Dispute) -> int:
    """Stripe's fee of the lines in the payment's currency: the same part of it, half up."""
    gross = abs(sum(line["amount"] for line in lines))
    fee = sum(line["fee"] for line in lines)
    if not lines or lines[0]["currency"].upper() == dispute.currency:
        return int(fee)
    part = Decimal(dispute.minor) * fee / gross
    return int(part.quantize(Decimal(1), ROUND_HALF_UP))


def _payment_of(answer: dict[str, Any]) -> Payment | None:
    """By what Stripe called it, or before we have heard that, by the number we gave it."""
    found = db.session.scalar(
        select(Payment).where(Payment.payment_intent_id == answer["payment_intent"])
    )
    if found is not None:
        return found
    number = (answer["charge"].get("metadata") or {}).get("payment", "")
    return db.session.get(Payment, int(number)) if number.isdigit() else None


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
