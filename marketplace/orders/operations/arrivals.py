"""Parcels on their way of which the buyer says nothing, or that they have not arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, select

from marketplace.accounts.models import User
from marketplace.kernel.db import db, lock
from marketplace.kernel.outbox import write_mail
from marketplace.orders.errors import AlreadyDelivered, NotShipped
from marketplace.orders.models import Order, Parcel, ParcelState
from marketplace.orders.operations.fulfillment import deliver_parcel
from marketplace.orders.policies import ARRIVES_WITHIN, REMINDED_BEFORE
from marketplace.orders.queries.orders import has_goods_left

log = structlog.get_logger()


def report_missing(parcel: Parcel, *, at: datetime) -> None:
    """Note that the parcel has not arrived: it is no longer taken as delivered. Once.

    Raises NotShipped, AlreadyDelivered.
    """
    parcel = lock(Parcel, parcel.id)
    if parcel.state is ParcelState.WAITING:
        raise NotShipped
    if parcel.state is ParcelState.DELIVERED:
        raise AlreadyDelivered
    if parcel.missing_at is None:
        parcel.missing_at = at
        log.info("parcel missing", parcel=parcel.number)


def remind_of_arrivals(at: datetime, *, limit: int = 200) -> int:
    """Tell buyers a week ahead that silence will count as arrival; returns how many."""
    due = _list_silent(Parcel.reminded_at.is_(None), at - ARRIVES_WITHIN + REMINDED_BEFORE, limit)
    for parcel_id in due:
        parcel = lock(Parcel, parcel_id)
        if _is_silent(parcel):
            parcel.reminded_at = at
            _remind(parcel, at)
    return len(due)


def assume_arrivals(at: datetime, *, limit: int = 200) -> int:
    """Take as delivered what was sent long ago and not reported missing; returns how many.

    Only a week after the buyer was told so.
    """
    told = Parcel.reminded_at <= at - REMINDED_BEFORE
    due = _list_silent(told, at - ARRIVES_WITHIN, limit)
    for parcel_id in due:
        parcel = lock(Parcel, parcel_id)
        if _is_silent(parcel):
            deliver_parcel(parcel, at=at)
            parcel.is_arrival_assumed = True
            log.info("parcel taken as delivered", parcel=parcel.number)
    return len(due)


def _list_silent(condition: ColumnElement[bool], sent_by: datetime, limit: int) -> Sequence[int]:
    return db.session.scalars(
        select(Parcel.id)
        .where(
            Parcel.state == ParcelState.SHIPPED,
            Parcel.missing_at.is_(None),
            Parcel.shipped_at <= sent_by,
            condition,
            has_goods_left(),
        )
        .order_by(Parcel.id)
        .limit(limit)
    ).all()


def _is_silent(parcel: Parcel) -> bool:
    """Still so, now that the row is locked."""
    return parcel.state is ParcelState.SHIPPED and parcel.missing_at is None


def _remind(parcel: Parcel, at: datetime) -> None:
    order = db.session.get_one(Order, parcel.order_id)
    buyer = db.session.get_one(User, order.user_id)
    write_mail(
        f"parcel-expected:{parcel.number}",
        buyer.email,
        template="parcel_expected",
        locale=order.locale,
        facts={
            "order": order.number,
            "parcel": parcel.number,
            "cooperative": parcel.cooperative.name,
            "days": REMINDED_BEFORE.days,
            "path": f"/{order.locale}/orders/{order.number}",
        },
        at=at,
    )
