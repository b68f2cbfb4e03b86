"""Rule I7: refunds and lost disputes never take more than was paid, in total and in every part."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import won
from marketplace.ledger.hooks import Breach, Finding
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.orders.dispute_postings import DISPUTES
from marketplace.orders.models import (
    DisputePart,
    Order,
    OrderRefund,
    OrderSplit,
    Parcel,
    ParcelDispute,
    RefundPart,
)
from marketplace.orders.postings import STRIPE

REFUND = "refund"
LOST = ("dispute_lost", "dispute_borne", "dispute_charged")


def check_refunds(at: datetime) -> Finding:
    """Whether what went back stays within the orders, and stands in the books as it was decided.

    What a lost dispute took of an order's parts went back as a refund does.
    """
    given = (
        select(OrderRefund.order_id, OrderRefund.minor)
        .where(OrderRefund.failed_at.is_(None))
        .union_all(
            select(Parcel.order_id, ParcelDispute.minor).join(
                Parcel, Parcel.id == ParcelDispute.parcel_id
            )
        )
        .subquery()
    )
    too_much = db.session.execute(
        select(Order.number, func.sum(given.c.minor).label("minor"), Order.total_minor)
        .join(Order, Order.id == given.c.order_id)
        .group_by(Order.id, Order.number, Order.total_minor)
        .having(func.sum(given.c.minor) > Order.total_minor)
    )
    breaches = [
        Breach(
            N_("Order %(order)s was paid with %(paid)s and gave back %(back)s."),
            {"order": row.number, "paid": won(row.total_minor), "back": won(int(row.minor))},
        )
        for row in too_much
    ]
    paid_back = _booked(STRIPE, [REFUND])
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
    lost = _booked(DISPUTES, LOST)
    unlike = db.session.execute(
        select(
            Parcel.number,
            ParcelDispute.entry_id,
            ParcelDispute.minor,
            func.coalesce(lost.c.minor, 0).label("booked"),
        )
        .join(Parcel, Parcel.id == ParcelDispute.parcel_id)
        .outerjoin(lost, lost.c.entry_id == ParcelDispute.entry_id)
        .where(
            ParcelDispute.entry_id.is_not(None),
            func.coalesce(lost.c.minor, 0) != ParcelDispute.minor,
        )
    )
    breaches += [
        Breach(
            N_("Parcel %(parcel)s lost %(decided)s in a dispute, and %(booked)s is booked."),
            {"parcel": row.number, "decided": won(row.minor), "booked": won(int(row.booked))},
            row.entry_id,
        )
        for row in unlike
    ]
    return Finding(count_rows(OrderRefund) + count_rows(ParcelDispute), breaches)


def _booked(path: str, kinds: Collection[str]) -> Any:
    """What each entry of these kinds took out of an account in won."""
    return (
        select(LedgerPosting.entry_id, func.sum(-LedgerPosting.amount).label("minor"))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerAccount.code == f"{path}:krw", LedgerEntry.kind.in_(kinds))
        .group_by(LedgerPosting.entry_id)
        .subquery()
    )


def check_refund_parts(at: datetime) -> Finding:
    """Whether each part of a parcel gave at most what it held, and all parts the whole of it.

    Refunds and lost disputes take of the same parts.
    """
    given = (
        select(
            RefundPart.split_id,
            RefundPart.minor,
            RefundPart.owed_minor,
            OrderRefund.entry_id,
        )
        .join(OrderRefund, OrderRefund.id == RefundPart.refund_id)
        .where(OrderRefund.failed_at.is_(None))
        .union_all(
            select(
                DisputePart.split_id,
                DisputePart.minor,
                DisputePart.owed_minor,
                ParcelDispute.entry_id,
            ).join(ParcelDispute, ParcelDispute.id == DisputePart.parcel_dispute_id)
        )
        .subquery()
    )
    taken = (
        select(
            given.c.split_id,
            func.sum(given.c.minor).label("minor"),
            func.coalesce(func.sum(given.c.owed_minor), 0).label("owed"),
            func.max(given.c.entry_id).label("entry_id"),
        )
        .group_by(given.c.split_id)
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
    sums = (
        select(DisputePart.parcel_dispute_id, func.sum(DisputePart.minor).label("minor"))
        .group_by(DisputePart.parcel_dispute_id)
        .subquery()
    )
    unlike = db.session.execute(
        select(Parcel.number, ParcelDispute.entry_id)
        .join(Parcel, Parcel.id == ParcelDispute.parcel_id)
        .outerjoin(sums, sums.c.parcel_dispute_id == ParcelDispute.id)
        .where(func.coalesce(sums.c.minor, 0) != ParcelDispute.minor)
    )
    breaches += [
        Breach(
            N_("The parts of what parcel %(parcel)s lost in a dispute are not the whole of it."),
            {"parcel": row.number},
            row.entry_id,
        )
        for row in unlike
    ]
    return Finding(count_rows(RefundPart) + count_rows(DisputePart), breaches)


def count_rows(model: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)
