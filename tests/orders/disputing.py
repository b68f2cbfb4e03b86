"""Disputes without Stripe, for tests: what it says, booked by the real operations."""

from __future__ import annotations

from itertools import count

from marketplace.kernel.db import db
from marketplace.orders.models import Order, ParcelDispute
from marketplace.orders.operations import book_dispute, rule_dispute
from marketplace.payments.models import Dispute
from marketplace.payments.queries import get_paid_payment
from tests.factories import NOON, a_user, saved

_numbers = count(1)


def a_dispute(order: Order, minor: int | None = None, *, status="needs_response", at=NOON):
    """The buyer's bank takes `minor` won back, or all of it."""
    payment = get_paid_payment("order", order.number)
    minor = payment.minor if minor is None else minor
    dispute = saved(
        Dispute(
            id=f"du_{next(_numbers)}",
            payment_id=payment.id,
            minor=minor,
            currency="KRW",
            reason="fraudulent",
            status=status,
            withdrawn_minor=minor,
            reinstated_minor=0,
            fee_minor=0,
            fee_back_minor=0,
            opened_at=at,
        )
    )
    book_dispute(payment, dispute, at=at)
    return dispute


def a_lost_dispute(order: Order, minor: int | None = None, *, at=NOON):
    return a_dispute(order, minor, status="lost", at=at)


def given_again(order: Order, dispute: Dispute, *, at=NOON) -> None:
    """Stripe gives the money back after all."""
    dispute.status, dispute.reinstated_minor = "won", dispute.minor
    db.session.flush()
    book_dispute(get_paid_payment("order", order.number), dispute, at=at)


def ruled(dispute: Dispute, *, is_at_fault: bool, at=NOON) -> None:
    for loss in db.session.query(ParcelDispute).filter_by(dispute_id=dispute.id):
        rule_dispute(loss, is_at_fault=is_at_fault, reason="Seen", by=a_user().id, at=at)
