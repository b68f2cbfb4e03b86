"""A small market for tests: one rate, round freight, the split, two cooperatives' goods."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from marketplace.customs.models import CustomsRule, ShippingRate
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import rupiah
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.operations import set_policy
from marketplace.orders.models import Order, Parcel
from marketplace.orders.operations import (
    Address,
    add_to_cart,
    deliver_parcel,
    open_cart,
    place_order,
    release_parcel,
    settle_order,
    ship_parcel,
)
from marketplace.orders.policies import s10_check_digit
from marketplace.orders.queries import list_parcels
from marketplace.payments.models import Payment, PaymentState
from marketplace.reference.models import Carrier, ExchangeRate, KoreanPostcode
from tests.factories import NOON, a_cooperative, a_product, a_user, saved

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TODAY = date(2026, 4, 18)
EMS_NUMBER = "EE123456785ID"
SALE_PARTS = {"cooperative": 9200, "service": 500, "village_share": 300}
SHARE_PARTS = {"programs": 7000, "training": 1500, "youth": 1000, "reserve": 500}

FIGURES = {
    "duty-free-limit-usd": "150",
    "vat-percent": "10",
    "default-duty-percent": "8",
    "smallest-collected-won": "10000",
    "rounding-won": "10",
}

_keys = count(1)


def a_market(*, krw_idr: str = "11.80"):
    """Everything an order needs to know of the world; on `committed` databases commit it."""
    for day in (TODAY, today_in_seoul(now())):
        for base, quote, rate in (("KRW", "IDR", krw_idr), ("USD", "KRW", "1400")):
            db.session.merge(
                ExchangeRate(day=day, base=base, quote=quote, rate=Decimal(rate), source="test")
            )
    for name, value in FIGURES.items():
        saved(
            CustomsRule(
                name=name,
                value=Decimal(value),
                valid_from=LONG_AGO.date(),
                is_checked=True,
                source="test",
            )
        )
    saved(Carrier(code="pos-ems", name="Pos Indonesia EMS", tracking_url="https://e.kr/{number}"))
    saved(Carrier(code="dhl", name="DHL", tracking_url="https://dhl.kr/{number}"))
    for grams, price in ((1000, 12_000), (5000, 21_000), (30_000, 90_000)):
        saved(
            ShippingRate(
                carrier_code="pos-ems",
                up_to_grams=grams,
                price_krw=price,
                valid_from=LONG_AGO.date(),
                is_checked=True,
            )
        )
    saved(KoreanPostcode(postcode="04524", sigungu="중구", sido="서울특별시"))
    set_policy("sale", SALE_PARTS, valid_from=LONG_AGO)
    set_policy("share", SHARE_PARTS, valid_from=LONG_AGO)


def an_address(**changes) -> Address:
    fields = {
        "recipient": "김하은",
        "phone": "010-1234-5678",
        "postcode": "04524",
        "line": "서울특별시 중구 세종대로 110",
        "detail": "3층",
        "customs_code": "P123456789012",
    }
    return Address(**(fields | changes))


def some_goods(
    cooperative=None, *, price=None, stock=20, name="Kopi Arabika Gayo", weight_grams=250
):
    """A published product; at 11.80 its price of Rp 590,000 is 50,000 won."""
    product = a_product(
        cooperative,
        price=price or rupiah(590_000),
        stock=stock,
        name=name,
        weight_grams=weight_grams,
    )
    db.session.refresh(product, ["variants"])
    return product


def a_cart(quantities, *, user=None):
    cart = open_cart(None, user_id=user.id if user else None, at=NOON)
    for product, quantity in quantities.items():
        add_to_cart(cart, product.variants[0].id, quantity, at=NOON)
    return cart


def an_order(quantities=None, *, user=None, at=NOON, **more) -> Order:
    """A placed order of 2 × 50,000 won from one cooperative, with freight 12,000."""
    user = user or a_user()
    cart = a_cart(quantities or {some_goods(): 2}, user=user)
    more.setdefault("form_key", f"form-{next(_keys)}")
    return place_order(user, cart, an_address(), at=at, **more)


def a_market_with_an_order() -> Order:
    a_market()
    return an_order(at=now())


def a_payment(order: Order, *, at=NOON, state=PaymentState.PAID, attempt=1) -> Payment:
    number = next(_keys)
    return saved(
        Payment(
            purpose="order",
            reference=order.number,
            attempt=attempt,
            minor=order.total_minor,
            currency="KRW",
            idempotency_key=f"test-{number}",
            state=state,
            session_id=f"cs_test_{number}",
            session_url="http://127.0.0.1:9/pay",
            payment_intent_id=f"pi_{number}" if state is PaymentState.PAID else None,
            created_at=at,
            expires_at=at + timedelta(minutes=32),
            paid_at=at if state is PaymentState.PAID else None,
        )
    )


def a_paid_order(quantities=None, *, user=None, at=NOON, **more) -> Order:
    order = an_order(quantities, user=user, at=at, **more)
    settle_order(a_payment(order, at=at), at=at)
    return order


def a_tracking_number() -> str:
    """Another one with a right check digit."""
    serial = f"{next(_keys):08}"
    return f"EE{serial}{s10_check_digit(serial)}ID"


def shipped(parcel, *, at=NOON):
    taken = db.session.query(Parcel).filter_by(tracking_number=EMS_NUMBER).count()
    number = a_tracking_number() if taken else EMS_NUMBER
    ship_parcel(parcel, db.session.get(Carrier, "pos-ems"), number, at=at)
    return parcel


def delivered(parcel, *, at=NOON):
    deliver_parcel(shipped(parcel, at=at), at=at)
    return parcel


def released(parcel, *, at=NOON + timedelta(days=15)):
    release_parcel(delivered(parcel), at=at)
    return parcel


def the_parcel(order: Order):
    return list_parcels(order)[0]


def two_cooperatives():
    """Goods of two cooperatives: 50,000 won and 30,000 won a piece."""
    first = some_goods(a_cooperative("Koperasi Gayo"))
    second = some_goods(a_cooperative("Koperasi Batik"), price=rupiah(354_000), name="Batik Kawung")
    return first, second


@contextmanager
def committing():
    """Make things that other threads can see."""
    with transaction():
        yield
