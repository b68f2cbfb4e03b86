"""What orders add to the audit of the books: refunds and divisions of sales."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, or_, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import won
from marketplace.ledger.hooks import Breach, Finding, register_check
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting, SplitPolicy
from marketplace.orders.models import (
    LineItem,
    Order,
    OrderRefund,
    OrderSplit,
    Parcel,
    RefundPart,
    SplitPart,
)
from marketplace.orders.policies import Parts, split_parcel
from marketplace.orders.postings import STRIPE

REFUND = "refund"
DIVIDED = ("sale", "release")


def register_checks() -> None:
    register_check("I7", N_("Refunds of orders"), check_refunds)
    register_check("I7", N_("Parts that refunds were taken from"), check_refund_parts)
    register_check("I17", N_("Rules that orders were placed under"), check_policies)
    register_check("I17", N_("Parts of every parcel"), check_splits)


def check_refunds(at: datetime) -> Finding:
    """Whether refunds stay within their orders, and stand in the books as they were decided."""
    too_much = db.session.execute(
        select(Order.number, func.sum(OrderRefund.minor).label("minor"), Order.total_minor)
        .join(Order, Order.id == OrderRefund.order_id)
        .where(OrderRefund.failed_at.is_(None))
        .group_by(Order.id, Order.number, Order.total_minor)
        .having(func.sum(OrderRefund.minor) > Order.total_minor)
    )
    breaches = [
        Breach(
            N_("Order %(order)s was paid with %(paid)s and gave back %(back)s."),
            {"order": row.number, "paid": won(row.total_minor), "back": won(int(row.minor))},
        )
        for row in too_much
    ]
    paid_back = (
        select(LedgerPosting.entry_id, func.sum(-LedgerPosting.amount).label("minor"))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerAccount.code == f"{STRIPE}:krw", LedgerEntry.kind == REFUND)
        .group_by(LedgerPosting.entry_id)
        .subquery()
    )
    unlike = db.session.execute(
        select(
            OrderRefund.number,
            OrderRefund.entry_id,
            OrderRefund.minor,
            func.coalesce(paid_back.c.minor, 0).label("booked"),
        )
        .outerjoin(paid_back, paid_back.c.entry_id == OrderRefund.entry_id)
        .where(
            OrderRefund.entry_id.is_not(None),
            func.coalesce(paid_back.c.minor, 0) != OrderRefund.minor,
        )
    )
    breaches += [
        Breach(
            N_("Refund %(refund)s is %(decided)s, and %(booked)s is booked."),
            {"refund": row.number, "decided": won(row.minor), "booked": won(int(row.booked))},
            row.entry_id,
        )
        for row in unlike
    ]
    return Finding(_count(OrderRefund), breaches)


def check_refund_parts(at: datetime) -> Finding:
    """Whether each part of a parcel gave at most what it held, and all parts the whole refund."""
    taken = (
        select(
            RefundPart.split_id,
            func.sum(RefundPart.minor).label("minor"),
            func.coalesce(func.sum(RefundPart.owed_minor), 0).label("owed"),
            func.max(OrderRefund.entry_id).label("entry_id"),
        )
        .join(OrderRefund, OrderRefund.id == RefundPart.refund_id)
        .where(OrderRefund.failed_at.is_(None))
        .group_by(RefundPart.split_id)
        .subquery()
    )
    beyond = db.session.execute(
        select(Order.number, OrderSplit.part, OrderSplit.minor, taken.c.minor, taken.c.entry_id)
        .join(taken, taken.c.split_id == OrderSplit.id)
        .join(Order, Order.id == OrderSplit.order_id)
        .where(
            or_(
                taken.c.minor > OrderSplit.minor,
                taken.c.owed > func.coalesce(OrderSplit.owed_minor, 0),
            )
        )
    )
    breaches = [
        Breach(
            N_("Order %(order)s: the part “%(part)s” held %(held)s and gave %(given)s."),
            {"order": number, "part": str(part), "held": won(held), "given": won(int(given))},
            entry_id,
        )
        for number, part, held, given, entry_id in beyond
    ]
    sums = (
        select(RefundPart.refund_id, func.sum(RefundPart.minor).label("minor"))
        .group_by(RefundPart.refund_id)
        .subquery()
    )
    unlike = db.session.execute(
        select(OrderRefund.number, OrderRefund.entry_id)
        .outerjoin(sums, sums.c.refund_id == OrderRefund.id)
        .where(func.coalesce(sums.c.minor, 0) != OrderRefund.minor)
    )
    breaches += [
        Breach(
            N_("The parts of refund %(refund)s are not the whole of it."),
            {"refund": row.number},
            row.entry_id,
        )
        for row in unlike
    ]
    return Finding(_count(RefundPart), breaches)


def check_policies(at: datetime) -> Finding:
    """Whether each order has the rule of its instant, and its entries the rule of the order."""
    in_force = (
        select(SplitPolicy.id)
        .where(SplitPolicy.scope == "sale", SplitPolicy.valid_from <= Order.placed_at)
        .order_by(SplitPolicy.valid_from.desc())
        .limit(1)
        .correlate(Order)
        .scalar_subquery()
    )
    other = db.session.execute(
        select(Order.number).where(func.coalesce(in_force, 0) != Order.policy_id)
    )
    breaches = [
        Breach(
            N_("Order %(order)s does not have the rule of its day."), {"order": row.number}, None
        )
        for row in other
    ]
    unlike = db.session.execute(
        select(Order.number, LedgerEntry.id)
        .join(Order, Order.number == LedgerEntry.ref_id)
        .where(
            LedgerEntry.ref_kind == "order",
            LedgerEntry.kind.in_(DIVIDED),
            func.coalesce(LedgerEntry.policy_id, 0) != Order.policy_id,
        )
        .order_by(LedgerEntry.id)
    )
    breaches += [
        Breach(
            N_("The entry names another rule than order %(order)s."),
            {"order": row.number},
            row.id,
        )
        for row in unlike
    ]
    return Finding(_count(Order), breaches)


def check_splits(at: datetime) -> Finding:
    """Whether each parcel was divided as its order's rule divides its goods."""
    count, breaches = 0, []
    for parcel, found in _parcels():
        count += 1
        right = split_parcel(int(parcel.goods), parcel.shipping_minor, parcel.parts, parcel.krw_idr)
        if found != right:
            breaches.append(
                Breach(
                    N_("Parcel %(parcel)s is not divided by the rule of its order."),
                    {"parcel": parcel.number},
                )
            )
    return Finding(count, breaches)


def _parcels() -> Iterator[tuple[Any, Parts]]:
    """Every parcel with its goods and rule, and its parts as they were frozen."""
    goods = (
        select(LineItem.parcel_id, func.sum(LineItem.unit_minor * LineItem.quantity).label("goods"))
        .group_by(LineItem.parcel_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            Parcel.number,
            Parcel.shipping_minor,
            Order.krw_idr,
            SplitPolicy.parts,
            goods.c.goods,
            OrderSplit.part,
            OrderSplit.minor,
            OrderSplit.owed_minor,
        )
        .join(Order, Order.id == Parcel.order_id)
        .join(SplitPolicy, SplitPolicy.id == Order.policy_id)
        .join(goods, goods.c.parcel_id == Parcel.id)
        .join(OrderSplit, OrderSplit.parcel_id == Parcel.id)
        .order_by(Parcel.id),
        execution_options={"yield_per": 5000},
    )
    for _number, group in groupby(rows, key=lambda row: row.number):
        parts = list(group)
        amounts = {part.value: 0 for part in SplitPart} | {
            row.part.value: row.minor for row in parts
        }
        yield parts[0], Parts(**amounts, owed=sum(row.owed_minor or 0 for row in parts))


def _count(model: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)
