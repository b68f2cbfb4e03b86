from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, or_, select

from marketplace.accounts.models import User
from marketplace.catalog.errors import OutOfStock
from marketplace.catalog.operations import hold_stock
from marketplace.customs.policies import normalize_customs_code, normalize_korean_phone
from marketplace.customs.queries import check_postcode
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotPermitted
from marketplace.kernel.ids import dated_number, receipt_code
from marketplace.kernel.rows import insert_row, run
from marketplace.orders.errors import CartEmpty, NotEnough, ParcelAboveLimit, QuoteChanged
from marketplace.orders.models import (
    Cart,
    LineItem,
    Order,
    OrderSplit,
    OrderState,
    Parcel,
    SplitPart,
)
from marketplace.orders.operations.carts import empty_cart, lock_cart
from marketplace.orders.policies import HOLD, split_parcel
from marketplace.orders.queries.carts import list_quantities
from marketplace.orders.queries.quotes import Quote, QuoteLine, QuoteParcel, quote

_ALIKE = select(Order.id, Order.form_key).where(
    or_(Order.form_key == bindparam("form"), Order.number == bindparam("number"))
)
_PARCELS = insert(Parcel).returning(Parcel.id, sort_by_parameter_order=True)
_LINE_ITEMS = insert(LineItem)
_SPLITS = insert(OrderSplit)


@dataclass(frozen=True, kw_only=True)
class Address:
    """To whom and where, as the buyer wrote it."""

    recipient: str
    phone: str
    postcode: str
    line: str
    detail: str = ""
    customs_code: str
    delivery_note: str = ""


def place_order(
    user: User,
    cart: Cart,
    address: Address,
    *,
    form_key: str,
    at: datetime,
    locale: str = "ko",
    seen: str | None = None,
    consents: dict[str, str] | None = None,
    is_demo: bool = False,
) -> Order:
    """Freeze the cart's prices, rate, freight and split in an order, and hold its stock.

    A repeat with the same `form_key` returns the order made first. `seen` is the fingerprint of
    the quote the buyer looked at. Raises CartEmpty, ParcelAboveLimit, QuoteChanged, NotEnough,
    and for the address InvalidPhone, InvalidPostcode, PostcodeUnknown or InvalidCustomsCode.
    """
    lock_cart(cart, at=at)
    made, number = _made_or_numbered(form_key, at)
    if made is not None:
        order = db.session.get_one(Order, made)
        if order.user_id != user.id:
            raise NotPermitted
        return order
    address = checked(address)
    offer = quote(list_quantities(cart), lang=locale, at=at)
    if not offer.parcels:
        raise CartEmpty
    if offer.too_heavy:
        raise ParcelAboveLimit
    if seen is not None and seen != offer.fingerprint:
        raise QuoteChanged
    # Before any row that refers to a variant: its weak lock would stand in the way of this one.
    _hold(number, offer, at)
    order = _write_order(
        number,
        offer,
        user,
        address,
        form_key=form_key,
        at=at,
        locale=locale,
        consents=consents or {},
        is_demo=is_demo,
    )
    _write_parcels(order, offer)
    empty_cart(cart)
    return order


def _made_or_numbered(form_key: str, at: datetime) -> tuple[int | None, str]:
    """The id of the order that this form made already, and a number that no order has."""
    while True:
        number = dated_number("L", at)
        alike = run(_ALIKE, {"form": form_key, "number": number}).all()
        made = next((row.id for row in alike if row.form_key == form_key), None)
        if made is not None or not alike:
            return made, number


def checked(address: Address) -> Address:
    """The address in the forms that customs and the post know."""
    return Address(
        recipient=" ".join(address.recipient.split()),
        phone=normalize_korean_phone(address.phone),
        postcode=check_postcode(address.postcode),
        line=" ".join(address.line.split()),
        detail=" ".join(address.detail.split()),
        customs_code=normalize_customs_code(address.customs_code),
        delivery_note=address.delivery_note.strip(),
    )


def _write_order(
    number: str,
    offer: Quote,
    user: User,
    address: Address,
    *,
    form_key: str,
    at: datetime,
    locale: str,
    consents: dict[str, str],
    is_demo: bool,
) -> Order:
    return insert_row(
        Order(
            number=number,
            receipt_code=receipt_code(),
            user_id=user.id,
            state=OrderState.AWAITING_PAYMENT,
            placed_at=at,
            locale=locale,
            goods_minor=offer.goods.minor,
            shipping_minor=offer.shipping.minor,
            total_minor=offer.total.minor,
            krw_idr=offer.krw_idr,
            rate_day=offer.rate_day,
            duty_estimate_minor=offer.duty.minor,
            policy_id=offer.policy.id,
            form_key=form_key,
            recipient=address.recipient,
            phone=address.phone,
            customs_code=address.customs_code,
            postcode=address.postcode,
            address_line=address.line,
            address_detail=address.detail,
            delivery_note=address.delivery_note,
            consents=consents,
            is_demo=is_demo,
        )
    )


def _write_parcels(order: Order, offer: Quote) -> None:
    """What each cooperative sends, and how its payment is divided."""
    rows = [
        _parcel(order, f"{order.number}-{position}", parcel)
        for position, parcel in enumerate(offer.parcels, start=1)
    ]
    parcels = list(zip(run(_PARCELS, rows).scalars(), offer.parcels, strict=True))
    run(
        _LINE_ITEMS,
        [
            {"order_id": order.id, "parcel_id": parcel_id, **_line_item(line)}
            for parcel_id, parcel in parcels
            for line in parcel.lines
        ],
    )
    run(
        _SPLITS,
        [
            {"order_id": order.id, "parcel_id": parcel_id, **split}
            for parcel_id, parcel in parcels
            for split in _splits(parcel, offer)
        ],
    )


def _parcel(order: Order, number: str, offered: QuoteParcel) -> dict[str, object]:
    return {
        "number": number,
        "order_id": order.id,
        "cooperative_id": offered.cooperative.id,
        "shipping_minor": offered.shipping.minor,
        "weight_grams": offered.weight_grams,
    }


def _line_item(line: QuoteLine) -> dict[str, object]:
    offer = line.offer
    return {
        "variant_id": offer.variant_id,
        "product_slug": offer.slug,
        "category": offer.category,
        "name": offer.name,
        "original_name": offer.original_name,
        "hs6": offer.hs6,
        "quantity": line.quantity,
        "unit_minor": line.unit.minor,
        "unit_origin_minor": offer.price.minor,
        "origin_currency": offer.price.currency,
        "weight_grams": offer.weight_grams,
    }


def _splits(offered: QuoteParcel, offer: Quote) -> list[dict[str, object]]:
    parts = split_parcel(
        offered.goods.minor, offered.shipping.minor, offer.policy.parts, offer.krw_idr
    )
    return [
        {
            "part": part,
            "minor": getattr(parts, part.value),
            "owed_minor": parts.owed if part is SplitPart.COOPERATIVE else None,
            "owed_currency": "IDR" if part is SplitPart.COOPERATIVE else None,
        }
        for part in SplitPart
    ]


def _hold(number: str, offer: Quote, at: datetime) -> None:
    names = {line.offer.variant_id: line.offer.name for line in offer.lines}
    quantities = {line.offer.variant_id: line.quantity for line in offer.lines}
    try:
        hold_stock(number, quantities, expires_at=at + HOLD, at=at)
    except OutOfStock as error:
        variant_id, available = error.facts["variant_id"], error.facts["available"]
        raise NotEnough(available=available, name=names[int(str(variant_id))]) from error
