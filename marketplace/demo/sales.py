"""Sales made by the real operations: placed, paid, shipped, delivered, released."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.catalog.models import Product, Variant
from marketplace.cooperatives.models import Cooperative
from marketplace.demo.banking import keep_charge
from marketplace.demo.people import COOPERATIVE, demo_buyers
from marketplace.demo.troubles import plan_trouble
from marketplace.demo.year import Event, Year
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.orders.models import Order, Parcel
from marketplace.orders.operations import (
    Address,
    add_to_cart,
    book_stripe_fee,
    deliver_parcel,
    open_cart,
    place_order,
    release_parcel,
    settle_order,
    ship_parcel,
)
from marketplace.orders.policies import HELD_WINDOW, s10_check_digit
from marketplace.payments.models import Payment, PaymentState
from marketplace.reference.models import Carrier, KoreanPostcode

METHODS = ("kakao_pay", "naver_pay", "kr_card", "card")
FEE = Decimal("0.036")
# The demo's own cooperative is in every fifth order, and in these that still wait to be sent.
FAVORED = 5
LATEST = (timedelta(hours=5), timedelta(hours=9), timedelta(hours=11))


def plan_sales(year: Year, orders: int) -> None:
    """Let `orders` orders happen, more of them towards the end: the marketplace grows."""
    shelves = _shelves()
    favorites = list_variants(COOPERATIVE)
    buyers = demo_buyers()
    addresses = _addresses(year.dice, buyers)
    span = year.until - year.first_day
    for number in range(orders):
        moment = year.first_day + span * (year.dice.random() ** 0.7)
        if number < len(LATEST):
            moment = year.until - LATEST[number]
        buyer = number % len(buyers)
        year.plan(moment, _order(year, number, buyers[buyer], addresses[buyer], shelves, favorites))


def _shelves() -> list[tuple[int, datetime]]:
    """Variants and since when they are on sale, cheaper goods first by far."""
    rows = db.session.execute(
        select(Variant.id, Product.published_at)
        .join(Product, Product.id == Variant.product_id)
        .where(Product.published_at.is_not(None), Variant.price_minor < 60_000_000)
        .where(Product.category != "furniture")
        .order_by(Variant.id)
    )
    return [(row.id, row.published_at) for row in rows]


def list_variants(cooperative: str) -> Sequence[int]:
    return db.session.scalars(
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(Cooperative.name == cooperative)
    ).all()


def _addresses(dice: random.Random, buyers: Sequence[User]) -> list[Address]:
    postcodes = db.session.execute(
        select(KoreanPostcode).order_by(KoreanPostcode.postcode).limit(4000)
    ).scalars()
    chosen = dice.sample(list(postcodes), len(buyers))
    return [
        Address(
            recipient=buyer.name,
            phone=f"010-0000-{1000 + number}",
            postcode=place.postcode,
            line=f"{place.sido} {place.sigungu} 데모로 {number + 1}",
            detail=f"{100 + number}동 {200 + number}호",
            customs_code=f"P{dice.randrange(10**11, 10**12)}",
        )
        for number, (place, buyer) in enumerate(zip(chosen, buyers, strict=True))
    ]


def _order(
    year: Year,
    number: int,
    buyer: User,
    address: Address,
    shelves: Sequence[tuple[int, datetime]],
    favorites: Sequence[int],
) -> Event:
    def happen(at: datetime) -> None:
        there = [variant_id for variant_id, since in shelves if since <= at]
        cart = open_cart(f"demo-{buyer.id}", user_id=buyer.id, at=at)
        chosen = year.dice.sample(there, min(len(there), year.dice.randint(1, 4)))
        if number < len(LATEST) or number % FAVORED == 0:
            chosen = list({*chosen, *favorites})
        for variant_id in chosen:
            variant = db.session.get_one(Variant, variant_id, populate_existing=True)
            quantity = min(year.dice.randint(1, 3), variant.available)
            if quantity:
                add_to_cart(cart, variant_id, quantity, at=at)
        order = place_order(
            buyer, cart, address, form_key=f"demo-order-{number}", at=at, is_demo=True
        )
        payment = _pay(order, number, year.dice.choice(METHODS), at + timedelta(minutes=2))
        plan_trouble(year, order, payment, number)
        for parcel in db.session.scalars(select(Parcel).where(Parcel.order_id == order.id)):
            year.plan(at + timedelta(days=year.dice.uniform(0.5, 3)), _ship(year, parcel))

    return happen


def _pay(order: Order, number: int, method: str, at: datetime) -> Payment:
    payment = Payment(
        purpose="order",
        reference=order.number,
        attempt=1,
        minor=order.total_minor,
        currency="KRW",
        idempotency_key=f"demo-{number}",
        state=PaymentState.PAID,
        session_id=f"cs_demo_{number}",
        payment_intent_id=f"pi_demo_{number}",
        charge_id=f"py_demo_{number}",
        method=method,
        created_at=at,
        expires_at=at + timedelta(minutes=40),
        paid_at=at,
    )
    db.session.add(payment)
    db.session.flush()
    settle_order(payment, at=at)
    fee = won(int(order.total_minor * FEE))
    book_stripe_fee(payment, f"txn_demo_{number}", fee, occurred_at=at, at=at)
    keep_charge(payment, f"txn_demo_{number}", fee, at)
    return payment


def _ship(year: Year, parcel: Parcel) -> Event:
    def happen(at: datetime) -> None:
        ems = db.session.get_one(Carrier, "pos-ems")
        ship_parcel(parcel, ems, s10_number(year.dice.randrange(10**8)), at=at)
        year.plan(at + timedelta(days=year.dice.uniform(6, 12)), _deliver(year, parcel))

    return happen


def _deliver(year: Year, parcel: Parcel) -> Event:
    def happen(at: datetime) -> None:
        deliver_parcel(parcel, at=at)
        year.plan(at + HELD_WINDOW, lambda later: release_parcel(parcel, at=later))

    return happen


def s10_number(serial: int) -> str:
    """An EMS number with its check digit. Rule: UPU standard S10."""
    return f"EE{serial:08}{s10_check_digit(f'{serial:08}')}ID"
