"""Freight that buyers paid: what of it waits for its carrier, and what was paid on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select

from marketplace.kernel.db import db, exists
from marketplace.orders.models import (
    DisputePart,
    OrderRefund,
    OrderSplit,
    PaidFreight,
    Parcel,
    ParcelDispute,
    RefundPart,
    SplitPart,
)
from marketplace.orders.postings import SHIPPING, SHIPPING_LOSS


def freight_account(parcel_id: int) -> str:
    """What gives a parcel's freight back: its carrier has it, or it still lies with us."""
    is_paid = exists(select(PaidFreight.parcel_id).where(PaidFreight.parcel_id == parcel_id))
    return SHIPPING_LOSS if is_paid else SHIPPING


def freight_waiting(parcel_ids: Collection[int]) -> dict[int, int]:
    """Won of each parcel's freight that are booked as owed to its carrier.

    What refunds gave back is gone, and what disputes took while the money was held.
    """
    mine = (OrderSplit.parcel_id.in_(parcel_ids), OrderSplit.part == SplitPart.SHIPPING)
    paid = select(OrderSplit.parcel_id, OrderSplit.minor).where(*mine)
    refunded = (
        select(OrderSplit.parcel_id, -RefundPart.minor)
        .join(RefundPart, RefundPart.split_id == OrderSplit.id)
        .join(OrderRefund, OrderRefund.id == RefundPart.refund_id)
        .where(*mine, OrderRefund.entry_id.is_not(None))
    )
    lost = (
        select(OrderSplit.parcel_id, -DisputePart.minor)
        .join(DisputePart, DisputePart.split_id == OrderSplit.id)
        .join(ParcelDispute, ParcelDispute.id == DisputePart.parcel_dispute_id)
        .where(*mine, ParcelDispute.entry_id.is_not(None), ParcelDispute.ruled_by.is_(None))
    )
    both = paid.union_all(refunded, lost).subquery()
    rows = db.session.execute(
        select(both.c.parcel_id, func.sum(both.c.minor)).group_by(both.c.parcel_id)
    )
    return {parcel_id: int(minor) for parcel_id, minor in rows}


def paid_freights(parcel_ids: Collection[int]) -> dict[int, int]:
    """Won that were settled with each parcel's carrier, where that was done."""
    rows = db.session.execute(
        select(PaidFreight.parcel_id, PaidFreight.minor).where(
            PaidFreight.parcel_id.in_(parcel_ids)
        )
    )
    return {parcel_id: minor for parcel_id, minor in rows}


def find_parcels_named(numbers: Collection[str]) -> Mapping[str, Parcel]:
    """Parcels by their own number or their carrier's, as typed; what is unknown is left out."""
    wanted = {number.upper() for number in numbers}
    rows = db.session.scalars(
        select(Parcel).where(Parcel.number.in_(wanted) | Parcel.tracking_number.in_(wanted))
    ).all()
    by_own = {parcel.number: parcel for parcel in rows}
    by_theirs = {parcel.tracking_number: parcel for parcel in rows if parcel.tracking_number}
    found = {
        number: by_own.get(number.upper()) or by_theirs.get(number.upper()) for number in numbers
    }
    return {number: parcel for number, parcel in found.items() if parcel is not None}
