from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, or_, select, union_all
from sqlalchemy.orm import selectinload

from marketplace.accounts.models import User
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.ids import normalize_code
from marketplace.kernel.money import Money, won
from marketplace.kernel.rows import run
from marketplace.orders.models import (
    DisputePart,
    LineItem,
    Order,
    OrderRefund,
    OrderSplit,
    OrderState,
    Parcel,
    ParcelDispute,
    RefundPart,
    SplitPart,
)
from marketplace.orders.policies import NOTHING, Parts

_GOODS = (
    select(LineItem.name, LineItem.unit_minor, LineItem.quantity)
    .where(LineItem.order_id == bindparam("order"))
    .order_by(LineItem.id)
)
_SPLITS = select(OrderSplit.parcel_id, OrderSplit.part, OrderSplit.minor, OrderSplit.owed_minor)
_SPLITS_OF_PARCELS = _SPLITS.where(OrderSplit.parcel_id.in_(bindparam("parcels", expanding=True)))
_SPLITS_OF_ORDER = (
    _SPLITS.add_columns(Cooperative.slug)
    .join(Parcel, Parcel.id == OrderSplit.parcel_id)
    .join(Cooperative, Cooperative.id == Parcel.cooperative_id)
    .where(OrderSplit.order_id == bindparam("order"))
    .order_by(Parcel.number, OrderSplit.id)
)


def find_order(number: str) -> Order | None:
    return db.session.scalar(select(Order).where(Order.number == number))


def get_order(number: str) -> Order:
    order = find_order(number)
    if order is None:
        raise NotFound
    return order


def get_order_of(user_id: int, number: str) -> Order:
    """A buyer's own order; another's does not exist."""
    order = find_order(number)
    if order is None or order.user_id != user_id:
        raise NotFound
    return order


def find_unpaid(user_id: int) -> Order | None:
    """The buyer's newest order that waits for its payment."""
    return db.session.scalar(
        select(Order)
        .where(Order.user_id == user_id, Order.state == OrderState.AWAITING_PAYMENT)
        .order_by(Order.id.desc())
        .limit(1)
    )


def find_receipt(code: str) -> Order | None:
    """The paid order whose receipt carries `code`, however it was typed."""
    return db.session.scalar(
        select(Order).where(
            Order.receipt_code == normalize_code(code), Order.state == OrderState.PAID
        )
    )


def list_orders_of(user_id: int, *, page: int, size: int = 20) -> tuple[Sequence[Order], int]:
    """A page of a buyer's orders with their line items, newest first, and how many there are."""
    mine = select(Order).where(Order.user_id == user_id)
    rows = db.session.scalars(
        mine.options(selectinload(Order.line_items), selectinload(Order.parcels))
        .order_by(Order.placed_at.desc(), Order.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    return rows, db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0


def list_orders(
    *, state: OrderState | None, number: str, page: int, size: int = 30
) -> tuple[Sequence[tuple[Order, str]], int]:
    """A page of all orders with the buyer's name, newest first, and how many fit."""
    fitting = select(Order, User.name).join(User, User.id == Order.user_id)
    if state is not None:
        fitting = fitting.where(Order.state == state)
    if number:
        fitting = fitting.where(Order.number.contains(number.strip().upper(), autoescape=True))
    rows = db.session.execute(
        fitting.order_by(Order.placed_at.desc(), Order.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    count = db.session.scalar(select(func.count()).select_from(fitting.subquery())) or 0
    return [(row[0], row[1]) for row in rows], count


def list_goods(order: Order) -> list[tuple[str, Money, int]]:
    """Name, price and number of the goods, in the order they were put into the cart."""
    rows = run(_GOODS, {"order": order.id})
    return [(row.name, won(row.unit_minor), row.quantity) for row in rows]


def list_parcels(order: Order) -> Sequence[Parcel]:
    """The parcels of an order with cooperatives and line items."""
    return db.session.scalars(
        select(Parcel)
        .where(Parcel.order_id == order.id)
        .options(selectinload(Parcel.line_items))
        .order_by(Parcel.number)
    ).all()


def get_parcel(order: Order, number: str) -> Parcel:
    parcel = db.session.scalar(
        select(Parcel)
        .where(Parcel.order_id == order.id, Parcel.number == number)
        .options(selectinload(Parcel.line_items))
    )
    if parcel is None:
        raise NotFound
    return parcel


def list_parts(parcel_ids: Collection[int]) -> dict[int, Parts]:
    """How each parcel's payment was divided at checkout."""
    return _parts_of(run(_SPLITS_OF_PARCELS, {"parcels": list(parcel_ids)}).all())


def list_shares(order: Order) -> list[tuple[str, Parts]]:
    """For each parcel of an order its cooperative (by its slug), and how its payment is divided."""
    rows = run(_SPLITS_OF_ORDER, {"order": order.id}).all()
    slugs = {row.parcel_id: row.slug for row in rows}
    return [(slugs[parcel_id], parts) for parcel_id, parts in _parts_of(rows).items()]


def _parts_of(splits: Sequence[Row[Any]]) -> dict[int, Parts]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for split in splits:
        found[split.parcel_id][split.part.value] = split.minor
        if split.part is SplitPart.COOPERATIVE:
            found[split.parcel_id]["owed"] = split.owed_minor or 0
    return {parcel_id: Parts(**parts) for parcel_id, parts in found.items()}


def parts_left(parcel_ids: Collection[int], *, at: datetime | None = None) -> dict[int, Parts]:
    """What each parcel's parts still hold after refunds and lost disputes, or held `at` a time."""
    left = list_parts(parcel_ids)
    stands: ColumnElement[bool] = OrderRefund.failed_at.is_(None)
    if at is not None:
        stands = and_(OrderRefund.at <= at, or_(stands, OrderRefund.failed_at > at))
    refunded = (
        select(OrderSplit.parcel_id, OrderSplit.part, RefundPart.minor, RefundPart.owed_minor)
        .join(RefundPart, RefundPart.split_id == OrderSplit.id)
        .join(OrderRefund, OrderRefund.id == RefundPart.refund_id)
        .where(OrderSplit.parcel_id.in_(parcel_ids), stands)
    )
    lost = (
        select(OrderSplit.parcel_id, OrderSplit.part, DisputePart.minor, DisputePart.owed_minor)
        .join(DisputePart, DisputePart.split_id == OrderSplit.id)
        .where(OrderSplit.parcel_id.in_(parcel_ids))
    )
    if at is not None:
        lost = lost.join(ParcelDispute, ParcelDispute.id == DisputePart.parcel_dispute_id).where(
            ParcelDispute.lost_at <= at
        )
    rows = db.session.execute(union_all(refunded, lost))
    for parcel_id, part, minor, owed in rows:
        taken = {name.value: 0 for name in SplitPart} | {part.value: minor}
        left[parcel_id] = left.get(parcel_id, NOTHING) - Parts(**taken, owed=owed or 0)
    return left


def has_goods_left() -> ColumnElement[bool]:
    """Whether a Parcel's goods are not given back whole, as a condition of a statement."""
    goods = (OrderSplit.parcel_id == Parcel.id, OrderSplit.part != SplitPart.SHIPPING)
    paid = select(func.sum(OrderSplit.minor)).where(*goods).correlate(Parcel)
    refunded = (
        select(func.coalesce(func.sum(RefundPart.minor), 0))
        .join(OrderSplit, OrderSplit.id == RefundPart.split_id)
        .join(OrderRefund, OrderRefund.id == RefundPart.refund_id)
        .where(*goods, OrderRefund.failed_at.is_(None))
        .correlate(Parcel)
    )
    lost = (
        select(func.coalesce(func.sum(DisputePart.minor), 0))
        .join(OrderSplit, OrderSplit.id == DisputePart.split_id)
        .where(*goods)
        .correlate(Parcel)
    )
    return paid.scalar_subquery() > refunded.scalar_subquery() + lost.scalar_subquery()


def list_refunds(order: Order) -> Sequence[OrderRefund]:
    return db.session.scalars(
        select(OrderRefund).where(OrderRefund.order_id == order.id).order_by(OrderRefund.seq)
    ).all()


def refunded_of(refunds: Sequence[OrderRefund], parcel: Parcel) -> Money:
    """What of `refunds` the books have given back for the parcel."""
    booked = [row.minor for row in refunds if row.parcel_id == parcel.id and row.entry_id]
    return won(sum(booked))


def amount_left(order: Order) -> Money:
    """What can still be refunded of the whole order."""
    refunded = db.session.scalar(
        select(func.coalesce(func.sum(OrderRefund.minor), 0)).where(
            OrderRefund.order_id == order.id, OrderRefund.failed_at.is_(None)
        )
    )
    lost = db.session.scalar(
        select(func.coalesce(func.sum(ParcelDispute.minor), 0))
        .join(Parcel, Parcel.id == ParcelDispute.parcel_id)
        .where(Parcel.order_id == order.id)
    )
    return won(order.total_minor - int(refunded or 0) - int(lost or 0))
