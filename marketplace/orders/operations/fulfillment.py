from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.accounts.models import User
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db, exists, lock, lock_word
from marketplace.kernel.outbox import write_mail
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.operations import post
from marketplace.ledger.queries import policy_at
from marketplace.orders import postings
from marketplace.orders.errors import (
    AlreadyDelivered,
    AlreadyShipped,
    CancellationAsked,
    DisputeOpen,
    NotShipped,
    ParcelNotPayable,
    ParcelRefunded,
    RefundUnderway,
    ReleaseTooEarly,
    RequestOpen,
    TrackingMeanwhile,
    TrackingNumberTaken,
)
from marketplace.orders.models import (
    LotSide,
    Order,
    OrderRefund,
    OrderState,
    Parcel,
    ParcelState,
    TrackingCorrection,
)
from marketplace.orders.operations.lots import open_lot
from marketplace.orders.policies import (
    HELD_WINDOW,
    divide_share,
    normalize_tracking_number,
    release_at,
)
from marketplace.orders.queries.disputes import in_dispute, is_disputed
from marketplace.orders.queries.orders import parts_left
from marketplace.orders.queries.requests import find_open_request, has_open_request
from marketplace.reference.models import Carrier


def ship_parcel(parcel: Parcel, carrier: Carrier, tracking_number: str, *, at: datetime) -> None:
    """Note that the cooperative has sent the parcel, and write to the buyer; once.

    Raises InvalidTrackingNumber, TrackingNumberMistyped, TrackingNumberForeign,
    TrackingNumberTaken, ParcelNotPayable, ParcelRefunded, CancellationAsked, AlreadyShipped.
    """
    number = normalize_tracking_number(carrier.code, tracking_number)
    order = lock(Order, parcel.order_id)
    parcel = lock(Parcel, parcel.id)
    if order.state is not OrderState.PAID:
        raise ParcelNotPayable
    if parcel.state is not ParcelState.WAITING:
        if parcel.tracking_number == number:
            return
        raise AlreadyShipped(number=parcel.tracking_number)
    if not parts_left([parcel.id])[parcel.id].goods:
        raise ParcelRefunded
    if find_open_request(parcel) is not None:
        raise CancellationAsked
    _require_free(number, order)
    parcel.state = ParcelState.SHIPPED
    parcel.carrier_code = carrier.code
    parcel.tracking_number = number
    parcel.shipped_at = at
    _tell_number(f"parcel-shipped:{parcel.number}", "parcel_shipped", order, parcel, carrier, at)


def correct_tracking(
    parcel: Parcel,
    carrier: Carrier,
    tracking_number: str,
    *,
    by: User,
    at: datetime,
    seen: str | None = None,
) -> bool:
    """Replace a wrong number of a parcel on its way, keep the old one, and write to the buyer.

    False when it is the number the parcel has. Raises InvalidTrackingNumber,
    TrackingNumberMistyped, TrackingNumberForeign, TrackingNumberTaken, NotShipped,
    AlreadyDelivered, and TrackingMeanwhile when the parcel has another than the one `seen`.
    """
    number = normalize_tracking_number(carrier.code, tracking_number)
    order = lock(Order, parcel.order_id)
    parcel = lock(Parcel, parcel.id)
    if parcel.carrier_code is None or parcel.tracking_number is None:
        raise NotShipped
    if parcel.state is not ParcelState.SHIPPED:
        raise AlreadyDelivered
    if (parcel.carrier_code, parcel.tracking_number) == (carrier.code, number):
        return False
    if seen and seen != trace_of_number(parcel):
        raise TrackingMeanwhile(number=parcel.tracking_number)
    _require_free(number, order)
    correction = TrackingCorrection(
        parcel_id=parcel.id,
        carrier_code=parcel.carrier_code,
        tracking_number=parcel.tracking_number,
        by_user_id=by.id,
        at=at,
    )
    db.session.add(correction)
    parcel.carrier_code = carrier.code
    parcel.tracking_number = number
    db.session.flush()
    key = f"tracking-corrected:{parcel.number}:{correction.id}"
    _tell_number(key, "tracking_corrected", order, parcel, carrier, at)
    return True


def trace_of_number(parcel: Parcel) -> str:
    """Carrier and number of a parcel, as a page carries them to say what it has seen."""
    return f"{parcel.carrier_code}:{parcel.tracking_number}"


def _require_free(number: str, order: Order) -> None:
    """Two parcels of one order may travel together; those of different orders never do."""
    lock_word(f"tracking:{number}")
    taken = db.session.scalar(
        select(Parcel.number)
        .where(Parcel.tracking_number == number, Parcel.order_id != order.id)
        .limit(1)
    )
    if taken is not None:
        raise TrackingNumberTaken(parcel=taken)


def _tell_number(
    key: str, template: str, order: Order, parcel: Parcel, carrier: Carrier, at: datetime
) -> None:
    buyer = db.session.get_one(User, order.user_id)
    number = parcel.tracking_number or ""
    write_mail(
        key,
        buyer.email,
        template=template,
        locale=order.locale,
        facts={
            "order": order.number,
            "parcel": parcel.number,
            "cooperative": parcel.cooperative.name,
            "carrier": carrier.name,
            "tracking_number": number,
            "tracking_url": carrier.tracking_url.replace("{number}", number),
        },
        at=at,
    )


def deliver_parcel(parcel: Parcel, *, at: datetime) -> None:
    """Note that the buyer has the parcel; its held window begins. A repeat is harmless."""
    parcel = lock(Parcel, parcel.id)
    if parcel.state is ParcelState.WAITING:
        raise NotShipped
    if parcel.state is ParcelState.SHIPPED:
        parcel.state = ParcelState.DELIVERED
        parcel.delivered_at = at


def release_parcel(parcel: Parcel, *, at: datetime) -> None:
    """Let the cooperative be paid and the village share be allocated, once.

    Only after delivery and the held window, and never while a request of the buyer or a dispute is
    open or a refund is on its way. Raises NotShipped, ReleaseTooEarly, RefundUnderway, RequestOpen,
    DisputeOpen.
    """
    order = lock(Order, parcel.order_id)
    parcel = lock(Parcel, parcel.id)
    if parcel.released_at is not None:
        return
    if parcel.delivered_at is None:
        raise NotShipped
    if at < release_at(parcel.delivered_at):
        raise ReleaseTooEarly(day=today_in_seoul(release_at(parcel.delivered_at)).isoformat())
    if exists(_underway(parcel.id)):
        raise RefundUnderway
    if find_open_request(parcel) is not None:
        raise RequestOpen
    if is_disputed(order):
        raise DisputeOpen
    parcel.released_at = at
    left = parts_left([parcel.id])[parcel.id]
    if left.goods:
        shares = divide_share(left.village_share, policy_at("share", at).parts)
        slug = db.session.get_one(Cooperative, parcel.cooperative_id).slug
        entry_id = post(
            postings.release(
                parcel.number,
                order.number,
                slug,
                left,
                shares,
                policy_id=order.policy_id,
                at=at,
            )
        )
        open_lot(LotSide.PAYABLE, parcel, entry_id, minor=left.owed, book_minor=left.cooperative)
    db.session.flush()


def release_due(at: datetime, *, limit: int = 200) -> int:
    """Release what was delivered a held window ago; returns how many parcels."""
    due = db.session.scalars(
        select(Parcel)
        .where(
            Parcel.state == ParcelState.DELIVERED,
            Parcel.released_at.is_(None),
            Parcel.delivered_at <= at - HELD_WINDOW,
            ~_underway(Parcel.id).exists(),
            ~has_open_request(),
            ~in_dispute(),
        )
        .order_by(Parcel.id)
        .limit(limit)
    ).all()
    for parcel in due:
        release_parcel(parcel, at=at)
    return len(due)


def _underway(parcel_id: int | InstrumentedAttribute[int]) -> Select[int]:
    """Refunds that are decided, but neither booked nor refused."""
    return select(OrderRefund.id).where(
        OrderRefund.parcel_id == parcel_id,
        OrderRefund.entry_id.is_(None),
        OrderRefund.failed_at.is_(None),
    )
