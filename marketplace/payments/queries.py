from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.payments.models import (
    CLOSED_DISPUTES,
    Dispute,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)

UNDECIDED = (PaymentState.OPEN, PaymentState.PROCESSING)


def find_payment(session_id: str) -> Payment | None:
    return db.session.scalar(select(Payment).where(Payment.session_id == session_id))


def list_payments(purpose: str, reference: str) -> Sequence[Payment]:
    """All attempts to pay for one thing, first one first."""
    return db.session.scalars(
        select(Payment)
        .where(Payment.purpose == purpose, Payment.reference == reference)
        .order_by(Payment.attempt)
    ).all()


def list_underway(purpose: str, references: Collection[str]) -> set[str]:
    """Of these `references`, those with a payment that is made and not confirmed yet."""
    if not references:
        return set()
    rows = db.session.scalars(
        select(Payment.reference).where(
            Payment.purpose == purpose,
            Payment.reference.in_(references),
            Payment.state == PaymentState.PROCESSING,
        )
    )
    return set(rows)


def get_paid_payment(purpose: str, reference: str) -> Payment:
    """The payment that was taken: the first paid one. Raises NotFound."""
    payment = db.session.scalar(
        select(Payment)
        .where(
            Payment.purpose == purpose,
            Payment.reference == reference,
            Payment.state == PaymentState.PAID,
        )
        .order_by(Payment.paid_at, Payment.id)
        .limit(1)
    )
    if payment is None:
        raise NotFound
    return payment


def list_open_payments(limit: int = 100) -> Sequence[Payment]:
    """Attempts whose end we have not heard of, oldest first."""
    return db.session.scalars(
        select(Payment)
        .where(Payment.state.in_(UNDECIDED), Payment.session_id.is_not(None))
        .order_by(Payment.id)
        .limit(limit)
    ).all()


def list_unsent_refunds(limit: int = 100) -> Sequence[Refund]:
    """Refunds decided here that Stripe has not confirmed to have heard of."""
    return db.session.scalars(
        select(Refund).where(Refund.state == RefundState.CREATED).order_by(Refund.id).limit(limit)
    ).all()


def find_refund(reference: str) -> Refund | None:
    return db.session.scalar(select(Refund).where(Refund.reference == reference))


def list_refunds_of(payment_ids: Sequence[int]) -> Sequence[Refund]:
    return db.session.scalars(
        select(Refund).where(Refund.payment_id.in_(payment_ids)).order_by(Refund.id)
    ).all()


def list_open_disputes(limit: int = 100) -> Sequence[Dispute]:
    """Disputes whose end we have not heard of, oldest first."""
    return db.session.scalars(
        select(Dispute)
        .where(Dispute.status.not_in(CLOSED_DISPUTES))
        .order_by(Dispute.opened_at, Dispute.id)
        .limit(limit)
    ).all()


def open_disputes_of(purpose: str) -> Select[str]:
    """The references of what is in dispute, as a statement to look into."""
    return (
        select(Payment.reference)
        .join(Dispute, Dispute.payment_id == Payment.id)
        .where(Payment.purpose == purpose, Dispute.status.not_in(CLOSED_DISPUTES))
    )
