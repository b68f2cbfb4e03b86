"""Cooperatives that can be paid, and the way of a payout, for tests."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count

from marketplace.accounts.models import Role
from marketplace.cooperatives.operations import set_bank_account, verify_bank_account
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, rupiah, won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import balance
from marketplace.orders.models import OrderRefund
from marketplace.orders.operations import (
    book_refund,
    gather_payouts,
    refund_order_part,
    release_batch,
    settle_payout,
)
from marketplace.orders.queries import get_order
from marketplace.payments.models import Payment
from marketplace.payments.queries import find_refund
from marketplace.reference.models import ExchangeRate
from marketplace.reference.queries import rates
from tests.factories import a_cooperative, a_user
from tests.orders.world import a_market, a_paid_order, released, some_goods, the_parcel

ACCOUNT = "012345678901234"
MINIMUM = rupiah(50_000)

_names = count(1)


def an_admin(name: str = "Dewi Lestari"):
    return a_user(name, roles=(Role.ADMIN,), locale="en")


def an_account(cooperative, *, number=ACCOUNT, verified=True):
    """A bank account, entered by one person and checked by another."""
    account = set_bank_account(
        cooperative, bank_code="002", number=number, holder="KSU Gayo", by=an_admin().id
    )
    if verified:
        verify_bank_account(cooperative, number, by=an_admin().id, at=now())
    return account


def a_shop(*, verified=True, price=None):
    """A cooperative with one kind of goods: at 11.80, a piece brings it Rp 542,800."""
    cooperative = a_cooperative(f"Koperasi {next(_names):04}")
    an_account(cooperative, verified=verified)
    return some_goods(cooperative, stock=90, price=price)


def a_market_at(rate: str) -> None:
    """From now on a won is worth `rate` rupiah."""
    for row in db.session.query(ExchangeRate).filter_by(base="KRW", quote="IDR"):
        row.rate = Decimal(rate)
    db.session.flush()
    rates.forget()


def a_released_order(goods=None, *, pieces=2):
    """An order of 100,000 won of goods whose Rp 1,085,600 can be paid out."""
    order = a_paid_order({goods or a_shop(): pieces}, at=now())
    released(the_parcel(order), at=now() + timedelta(days=15))
    return order


def a_market_with_a_released_order():
    a_market()
    return a_released_order()


def gathered(*, by=None, **more):
    return gather_payouts(MINIMUM, by=(by or an_admin()).id, at=now(), **more)


def signed(batch, *, by=None):
    signer = by or an_admin("Lee Seoyeon")
    release_batch(batch, body_sha256=batch.body_sha256, by=signer.id, at=now())
    return batch


def sent(**more):
    """A batch that two people have signed, and its payouts."""
    return signed(gathered(**more)).payouts


def settled(payout, paid, *, fee=0, reference="FT26330ABC"):
    settle_payout(
        payout,
        paid=won(paid),
        fee=won(fee),
        on=today_in_seoul(now()),
        reference=reference,
        by=an_admin().id,
        at=now(),
    )
    return payout


def refunded(order, amount, *, by=None) -> OrderRefund:
    """A refund that Stripe has said yes to."""
    order = get_order(order.number)
    decided = refund_order_part(
        order, the_parcel(order), won(amount), reason="Broken", by=by or an_admin(), at=now()
    )
    refund = find_refund(decided.number)
    book_refund(db.session.get_one(Payment, refund.payment_id), refund, at=now())
    return db.session.get(OrderRefund, decided.id, populate_existing=True)


def pair() -> tuple[Money, Money]:
    """What is open between won and rupiah."""
    return balance("equity:trading:idr-krw:krw"), balance("equity:trading:idr-krw:idr")


def owed(cooperative) -> tuple[Money, Money]:
    """What we owe the cooperative, and what it owes us."""
    slug = cooperative.slug
    return (
        -balance(f"liabilities:coop:{slug}:payable:idr"),
        balance(f"assets:coop:{slug}:clawback:idr"),
    )
