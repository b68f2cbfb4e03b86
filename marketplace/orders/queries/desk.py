"""What a cooperative sees: parcels to send, money it is owed, sales by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import selectinload

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import Money
from marketplace.kernel.time import JAKARTA
from marketplace.ledger.queries import balance
from marketplace.orders.models import (
    Order,
    OrderSplit,
    OrderState,
    Parcel,
    ParcelState,
    SplitPart,
)
from marketplace.orders.policies import NOTHING, Parts
from marketplace.orders.postings import held_by, payable_to
from marketplace.orders.queries.orders import has_goods_left, parts_left
from marketplace.orders.queries.requests import has_open_request, is_missing


@dataclass(frozen=True)
class Owed:
    """What a cooperative is owed, from the ledger: still held, and ready to be paid out."""

    held: Money
    payable: Money

    @property
    def total(self) -> Money:
        return self.held + self.payable


def owed_to(cooperative: Cooperative) -> Owed:
    """Liabilities are credits, so the books show them negative."""
    return Owed(
        held=-balance(f"{held_by(cooperative.slug)}:idr"),
        payable=-balance(f"{payable_to(cooperative.slug)}:idr"),
    )


@dataclass(frozen=True)
class OwedParcel:
    """One parcel's money: the goods as paid, and what is left of each part after refunds."""

    parcel: Parcel
    order: Order
    left: Parts

    @property
    def owed(self) -> Money:
        return Money(self.left.owed, "IDR")


def list_owed_parcels(
    cooperative: Cooperative, *, page: int, size: int = 20
) -> tuple[Sequence[OwedParcel], int]:
    """Paid parcels, newest first, and how many there are."""
    mine = (
        select(Parcel, Order)
        .join(Order, Order.id == Parcel.order_id)
        .where(Parcel.cooperative_id == cooperative.id, Order.state == OrderState.PAID)
    )
    rows = db.session.execute(
        mine.order_by(Order.paid_at.desc(), Parcel.id.desc()).limit(size).offset((page - 1) * size)
    ).all()
    left = parts_left([parcel.id for parcel, _ in rows])
    count = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    return [OwedParcel(row[0], row[1], left.get(row[0].id, NOTHING)) for row in rows], count


def list_parcels_of(
    cooperative: Cooperative, state: ParcelState, *, page: int, size: int = 20
) -> tuple[Sequence[tuple[Parcel, Order]], int]:
    """A page of paid parcels in one state with their goods: oldest first to send, else newest.

    A parcel refunded before it was sent is not to be sent; it stands among the delivered ones. One
    that its buyer wants to cancel stands in neither.
    """
    mine = (
        select(Parcel, Order)
        .join(Order, Order.id == Parcel.order_id)
        .where(
            Parcel.cooperative_id == cooperative.id,
            _stands_in(state),
            Order.state == OrderState.PAID,
        )
    )
    paid = Order.paid_at.asc() if state is ParcelState.WAITING else Order.paid_at.desc()
    rows = db.session.execute(
        mine.options(selectinload(Parcel.line_items))
        .order_by(paid, Parcel.id)
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    count = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    return [(row[0], row[1]) for row in rows], count


def _stands_in(state: ParcelState) -> ColumnElement[bool]:
    if state is ParcelState.WAITING:
        return and_(Parcel.state == state, has_goods_left(), ~has_open_request())
    if state is ParcelState.DELIVERED:
        unsent = and_(Parcel.state == ParcelState.WAITING, ~has_goods_left())
        return or_(Parcel.state == state, unsent)
    return Parcel.state == state


def count_to_ship(cooperative: Cooperative) -> int:
    return (
        db.session.scalar(
            select(func.count(Parcel.id))
            .join(Order, Order.id == Parcel.order_id)
            .where(
                Parcel.cooperative_id == cooperative.id,
                _stands_in(ParcelState.WAITING),
                Order.state == OrderState.PAID,
            )
        )
        or 0
    )


def list_parcels_with_trouble(
    cooperative: Cooperative, *, page: int, size: int = 20
) -> tuple[Sequence[tuple[Parcel, Order]], int]:
    """A page of parcels whose buyer asks for the money back or misses them, oldest first."""
    mine = (
        select(Parcel, Order)
        .join(Order, Order.id == Parcel.order_id)
        .where(Parcel.cooperative_id == cooperative.id, or_(has_open_request(), is_missing()))
    )
    rows = db.session.execute(
        mine.options(selectinload(Parcel.line_items))
        .order_by(Order.paid_at, Parcel.id)
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    count = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    return [(row[0], row[1]) for row in rows], count


def count_requests(cooperative: Cooperative) -> int:
    return _count(cooperative, has_open_request())


def count_missing(cooperative: Cooperative) -> int:
    return _count(cooperative, is_missing())


def _count(cooperative: Cooperative, condition: ColumnElement[bool]) -> int:
    found = select(func.count(Parcel.id)).where(Parcel.cooperative_id == cooperative.id, condition)
    return db.session.scalar(found) or 0


def get_parcel_of(cooperative: Cooperative, number: str) -> tuple[Parcel, Order]:
    """A cooperative's own paid parcel with its goods; another's does not exist."""
    row = db.session.execute(
        select(Parcel, Order)
        .join(Order, Order.id == Parcel.order_id)
        .where(
            Parcel.cooperative_id == cooperative.id,
            Parcel.number == number,
            Order.state == OrderState.PAID,
        )
        .options(selectinload(Parcel.line_items))
    ).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


def weekly_sales(
    cooperative: Cooperative, *, at: datetime, weeks: int = 8
) -> list[tuple[date, Money]]:
    """The cooperative's part of paid orders by week, oldest first, as (Monday, rupiah)."""
    today = at.astimezone(JAKARTA).date()
    this_monday = today - timedelta(days=today.weekday())
    mondays = [this_monday - timedelta(weeks=weeks - 1 - i) for i in range(weeks)]
    start = datetime.combine(mondays[0], datetime.min.time(), JAKARTA)
    rows = db.session.execute(
        select(Order.paid_at, OrderSplit.owed_minor)
        .join(Parcel, Parcel.order_id == Order.id)
        .join(OrderSplit, OrderSplit.parcel_id == Parcel.id)
        .where(
            Parcel.cooperative_id == cooperative.id,
            Order.state == OrderState.PAID,
            Order.paid_at >= start,
            OrderSplit.part == SplitPart.COOPERATIVE,
        )
    )
    sums = dict.fromkeys(mondays, 0)
    for paid_at, owed in rows:
        if paid_at is not None:
            day = paid_at.astimezone(JAKARTA).date()
            monday = day - timedelta(days=day.weekday())
            sums[monday] = sums.get(monday, 0) + (owed or 0)
    return [(monday, Money(amount, "IDR")) for monday, amount in sums.items() if monday in mondays]
