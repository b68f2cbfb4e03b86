"""Disputes of orders, and who bears what was lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from marketplace.kernel.db import db, exists
from marketplace.kernel.errors import NotFound
from marketplace.orders.models import DisputePart, Order, OrderSplit, Parcel, ParcelDispute
from marketplace.orders.policies import Parts
from marketplace.payments.models import CLOSED_DISPUTES, Dispute, Payment
from marketplace.payments.queries import open_disputes_of


def is_disputed(order: Order) -> bool:
    return exists(open_disputes_of("order").where(Payment.reference == order.number))


def in_dispute() -> ColumnElement[bool]:
    """Whether a Parcel's order is in dispute, as a condition of a statement."""
    return Parcel.order_id.in_(select(Order.id).where(Order.number.in_(open_disputes_of("order"))))


def parts_of_dispute(loss: ParcelDispute) -> Parts:
    """What a lost dispute took from the parts of one parcel."""
    rows = db.session.execute(
        select(OrderSplit.part, DisputePart.minor, DisputePart.owed_minor)
        .join(OrderSplit, OrderSplit.id == DisputePart.split_id)
        .where(DisputePart.parcel_dispute_id == loss.id)
    ).all()
    owed = sum(row.owed_minor or 0 for row in rows)
    return Parts(**{row.part.value: row.minor for row in rows}, owed=owed)


def get_dispute(dispute_id: str) -> tuple[Dispute, str]:
    """A dispute of an order, with the order's number. Raises NotFound."""
    row = db.session.execute(_of_orders().where(Dispute.id == dispute_id)).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def get_loss(dispute_id: str, parcel_number: str) -> ParcelDispute:
    """Raises NotFound."""
    loss = db.session.scalar(
        select(ParcelDispute)
        .join(Parcel, Parcel.id == ParcelDispute.parcel_id)
        .where(ParcelDispute.dispute_id == dispute_id, Parcel.number == parcel_number)
    )
    if loss is None:
        raise NotFound
    return loss


def list_losses(dispute_id: str) -> Sequence[ParcelDispute]:
    return db.session.scalars(
        select(ParcelDispute)
        .where(ParcelDispute.dispute_id == dispute_id)
        .order_by(ParcelDispute.id)
    ).all()


def list_disputes(*, page: int, size: int) -> tuple[Sequence[tuple[Dispute, str, int]], int]:
    """A page of disputes with their orders and how many losses wait for a word.

    What waits for us comes first, then what is open, then the newest; and how many there are.
    """
    waiting = (
        select(func.count())
        .select_from(ParcelDispute)
        .where(ParcelDispute.dispute_id == Dispute.id, ParcelDispute.entry_id.is_(None))
        .correlate(Dispute)
        .scalar_subquery()
    )
    is_closed = case((Dispute.status.in_(CLOSED_DISPUTES), 1), else_=0)
    rows = db.session.execute(
        _of_orders()
        .add_columns(waiting)
        .order_by(waiting.desc(), is_closed, Dispute.opened_at.desc(), Dispute.id)
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    orders = select(func.count(Dispute.id)).join(Payment, Payment.id == Dispute.payment_id)
    count = db.session.scalar(orders.where(Payment.purpose == "order")) or 0
    return [(row[0], row[1], row[2]) for row in rows], count


def list_disputes_to_do(limit: int) -> tuple[Sequence[tuple[Dispute, str]], int]:
    """Disputes that are open, or lost without a word on who bears it; and how many there are."""
    waiting = select(ParcelDispute.dispute_id).where(ParcelDispute.entry_id.is_(None))
    to_do = _of_orders().where(or_(Dispute.status.not_in(CLOSED_DISPUTES), Dispute.id.in_(waiting)))
    rows = db.session.execute(to_do.order_by(Dispute.opened_at, Dispute.id).limit(limit)).all()
    if len(rows) < limit:
        return [(row[0], row[1]) for row in rows], len(rows)
    count = db.session.scalar(select(func.count()).select_from(to_do.subquery())) or 0
    return [(row[0], row[1]) for row in rows], count


def _of_orders() -> Any:
    return (
        select(Dispute, Payment.reference)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(Payment.purpose == "order")
    )
