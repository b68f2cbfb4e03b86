"""What orders add to the audit of the books: divisions of sales, and what went back of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.ledger.hooks import Breach, Finding, register_check
from marketplace.ledger.models import LedgerEntry, SplitPolicy
from marketplace.orders.lot_audit import check_held, check_owed_lots
from marketplace.orders.models import (
    LineItem,
    Order,
    OrderSplit,
    Parcel,
    SplitPart,
)
from marketplace.orders.policies import Parts, split_parcel
from marketplace.orders.refund_audit import check_refund_parts, check_refunds, count_rows

DIVIDED = ("sale", "release")


def register_checks() -> None:
    register_check("I7", N_("Refunds of orders"), check_refunds)
    register_check("I7", N_("Parts that refunds were taken from"), check_refund_parts)
    register_check("I9", N_("Lots of what cooperatives are owed"), check_owed_lots)
    register_check("I9", N_("Held for cooperatives, parcel by parcel"), check_held)
    register_check("I17", N_("Rules that orders were placed under"), check_policies)
    register_check("I17", N_("Parts of every parcel"), check_splits)


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
    return Finding(count_rows(Order), breaches)


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
