"""Buyers ask for the money of a parcel; a refund or a reasoned refusal answers them."""

from __future__ import annotations

from datetime import datetime

import structlog

from marketplace.accounts.models import User
from marketplace.cooperatives.policies import may
from marketplace.cooperatives.queries import list_members
from marketplace.kernel.db import db, lock
from marketplace.kernel.outbox import write_mail
from marketplace.orders.errors import (
    AlreadyAsked,
    AlreadyShipped,
    NothingToRefund,
    NotPaid,
    NotShipped,
    RefundUnderway,
    RequestAnswered,
    ReturnTooLate,
)
from marketplace.orders.models import (
    Order,
    OrderRefund,
    OrderState,
    Parcel,
    ParcelRequest,
    ParcelState,
    RequestKind,
    RequestReason,
)
from marketplace.orders.policies import may_return, return_until
from marketplace.orders.queries.orders import parts_left
from marketplace.orders.queries.requests import find_open_request

log = structlog.get_logger()


def ask_cancellation(
    parcel: Parcel, reason: RequestReason, details: str, *, at: datetime
) -> ParcelRequest:
    """Ask for all the money of a parcel that is not sent; until the answer it is not to be sent.

    Raises AlreadyShipped, and what every request may: NotPaid, NothingToRefund, AlreadyAsked.
    """
    order, parcel = _lock(parcel)
    if parcel.state is not ParcelState.WAITING:
        raise AlreadyShipped(number=parcel.tracking_number)
    return _ask(order, parcel, RequestKind.CANCELLATION, reason, details, at)


def ask_return(
    parcel: Parcel, reason: RequestReason, details: str, *, at: datetime
) -> ParcelRequest:
    """Ask to send goods back, within 7 days of arrival; their money stays held until the answer.

    Raises NotShipped, ReturnTooLate, and what every request may.
    """
    order, parcel = _lock(parcel)
    if parcel.delivered_at is None:
        raise NotShipped
    if parcel.released_at is not None or not may_return(parcel.delivered_at, at):
        raise ReturnTooLate(day=return_until(parcel.delivered_at))
    return _ask(order, parcel, RequestKind.RETURN, reason, details, at)


def refuse_request(asked: ParcelRequest, why: str, *, by: User, at: datetime) -> None:
    """Say no in words that the buyer reads. Raises RequestAnswered, RefundUnderway."""
    parcel = db.session.get_one(Parcel, asked.parcel_id)
    order, parcel = _lock(parcel)
    asked = lock(ParcelRequest, asked.id)
    if not asked.is_open:
        raise RequestAnswered
    if asked.is_being_refunded:
        raise RefundUnderway
    asked.refusal = why
    asked.answered_by = by.id
    asked.answered_at = at
    _tell_buyer("request_refused", asked, order, parcel, at, why=why)
    log.info("request refused", parcel=parcel.number, by=by.id)


def withdraw_request(asked: ParcelRequest, *, at: datetime) -> None:
    """The buyer takes back what was asked: the parcel goes its way. A repeat is harmless.

    Raises RequestAnswered, RefundUnderway.
    """
    _order, parcel = _lock(db.session.get_one(Parcel, asked.parcel_id))
    asked = lock(ParcelRequest, asked.id)
    if asked.withdrawn_at is not None:
        return
    if not asked.is_open:
        raise RequestAnswered
    if asked.is_being_refunded:
        raise RefundUnderway
    asked.withdrawn_at = at
    db.session.flush()
    _tell_cooperative("request_withdrawn", asked, parcel, at)
    log.info("request withdrawn", parcel=parcel.number)


def answer_with(refund: OrderRefund, parcel: Parcel) -> None:
    """Let a refund just decided stand for the answer, when it gives what was asked for.

    A cancellation asks for everything; of a return, staff decide the amount.
    """
    asked = find_open_request(parcel)
    if asked is None or asked.is_being_refunded:
        return
    if asked.kind is RequestKind.RETURN or not parts_left([parcel.id])[parcel.id].total:
        asked.refund_id = refund.id
        db.session.flush()


def grant_request(refund: OrderRefund, parcel: Parcel, *, at: datetime) -> None:
    """The refund that answers a request was accepted by Stripe: the request is answered; once."""
    asked = find_open_request(parcel)
    if asked is None or asked.refund_id != refund.id:
        return
    asked.answered_at = at
    asked.answered_by = refund.by_user_id
    order = db.session.get_one(Order, parcel.order_id)
    _tell_buyer("request_granted", asked, order, parcel, at, minor=refund.minor, why=refund.reason)


def reopen_request(refund: OrderRefund, parcel: Parcel) -> None:
    """The refund came to nothing, so the request waits for another answer."""
    asked = find_open_request(parcel)
    if asked is not None and asked.refund_id == refund.id:
        asked.refund_id = None


def _lock(parcel: Parcel) -> tuple[Order, Parcel]:
    return lock(Order, parcel.order_id), lock(Parcel, parcel.id)


def _ask(
    order: Order,
    parcel: Parcel,
    kind: RequestKind,
    reason: RequestReason,
    details: str,
    at: datetime,
) -> ParcelRequest:
    if order.state is not OrderState.PAID:
        raise NotPaid
    if not parts_left([parcel.id])[parcel.id].goods:
        raise NothingToRefund
    if find_open_request(parcel) is not None:
        raise AlreadyAsked
    asked = ParcelRequest(
        parcel_id=parcel.id, kind=kind, reason=reason, details=details, asked_at=at
    )
    db.session.add(asked)
    db.session.flush()
    _tell_cooperative("request_received", asked, parcel, at)
    log.info("parcel asked about", parcel=parcel.number, kind=kind.value)
    return asked


def _tell_cooperative(template: str, asked: ParcelRequest, parcel: Parcel, at: datetime) -> None:
    """Write to every member who sends parcels."""
    for member in list_members(parcel.cooperative):
        person = db.session.get_one(User, member.user_id)
        if not person.is_enabled or not may(member.role, "orders.ship"):
            continue
        write_mail(
            f"{template.replace('_', '-')}:{asked.id}:{person.id}",
            person.email,
            template=template,
            locale=person.locale,
            facts={
                "parcel": parcel.number,
                "kind": asked.kind.value,
                "path": f"/{person.locale}/c/{parcel.cooperative.slug}/orders/{parcel.number}",
            },
            at=at,
        )


def _tell_buyer(
    template: str,
    asked: ParcelRequest,
    order: Order,
    parcel: Parcel,
    at: datetime,
    **facts: object,
) -> None:
    buyer = db.session.get_one(User, order.user_id)
    write_mail(
        f"{template.replace('_', '-')}:{asked.id}",
        buyer.email,
        template=template,
        locale=order.locale,
        facts={
            "order": order.number,
            "parcel": parcel.number,
            "kind": asked.kind.value,
            "path": f"/{order.locale}/orders/{order.number}",
            **facts,
        },
        at=at,
    )
