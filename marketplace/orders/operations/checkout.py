from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from marketplace.accounts.models import User
from marketplace.catalog.errors import OutOfStock
from marketplace.catalog.operations import hold_stock
from marketplace.customs.policies import normalize_customs_code, normalize_korean_phone
from marketplace.customs.queries import check_postcode
from marketplace.kernel.db import db, lock
from marketplace.kernel.errors import NotPermitted
from marketplace.kernel.ids import dated_number, receipt_code
from marketplace.orders.errors import CartEmpty, NotEnough, ParcelAboveLimit, QuoteChanged
from marketplace.orders.models import Cart, LineItem, Order, OrderSplit, Parcel, SplitPart
from marketplace.orders.operations.carts import empty_cart
from marketplace.orders.policies import HOLD, Parts, split_parcel
from marketplace.orders.queries.carts import list_quantities
from marketplace.orders.queries.quotes import Quote, QuoteLine, QuoteParcel, quote


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
    cart = lock(Cart, cart.id)
    order = db.session.scalar(select(Order).where(Order.form_key == form_key))
    if order is not None:
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
    number = dated_number("L", at)
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
    for position, parcel in enumerate(offer.parcels, start=1):
        _write_parcel(order, parcel, position, offer)
    empty_cart(cart, at=at)
    db.session.flush()
    return order


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
    order = Order(
        number=number,
        receipt_code=receipt_code(),
        user_id=user.id,
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
    db.session.add(order)
    db.session.flush()
    return order


def _write_parcel(order: Order, offered: QuoteParcel, position: int, offer: Quote) -> None:
    parcel = Parcel(
        number=f"{order.number}-{position}",
        order_id=order.id,
        cooperative_id=offered.cooperative.id,
        shipping_minor=offered.shipping.minor,
        weight_grams=offered.weight_grams,
    )
    db.session.add(parcel)
    db.session.flush()
    db.session.add_all(_line_item(order, parcel, line) for line in offered.lines)
    parts = split_parcel(
        offered.goods.minor, offered.shipping.minor, offer.policy.parts, offer.krw_idr
    )
    db.session.execute(insert(OrderSplit), [_split(parcel, part, parts) for part in SplitPart])


def _split(parcel: Parcel, part: SplitPart, parts: Parts) -> dict[str, object]:
    is_owed = part is SplitPart.COOPERATIVE
    return {
        "order_id": parcel.order_id,
        "parcel_id": parcel.id,
        "part": part,
        "minor": getattr(parts, part.value),
        "owed_minor": parts.owed if is_owed else None,
        "owed_currency": "IDR" if is_owed else None,
    }


def _line_item(order: Order, parcel: Parcel, line: QuoteLine) -> LineItem:
    offer = line.offer
    return LineItem(
        order_id=order.id,
        parcel_id=parcel.id,
        variant_id=offer.variant_id,
        product_slug=offer.slug,
        category=offer.category,
        name=offer.name,
        original_name=offer.original_name,
        hs6=offer.hs6,
        quantity=line.quantity,
        unit_minor=line.unit.minor,
        unit_origin_minor=offer.price.minor,
        origin_currency=offer.price.currency,
        weight_grams=offer.weight_grams,
    )


def _hold(number: str, offer: Quote, at: datetime) -> None:
    names = {line.offer.variant_id: line.offer.name for line in offer.lines}
    quantities = {line.offer.variant_id: line.quantity for line in offer.lines}
    try:
        hold_stock(number, quantities, expires_at=at + HOLD, at=at)
    except OutOfStock as error:
        variant_id, available = error.facts["variant_id"], error.facts["available"]
        raise NotEnough(available=available, name=names[int(str(variant_id))]) from error
