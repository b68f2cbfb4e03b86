"""Carts of strangers and buyers, and orders nobody paid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.catalog.models import Variant
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now
from marketplace.mail import compose
from marketplace.orders.commands import give_up_unpaid
from marketplace.orders.errors import CartEmpty, NotEnough
from marketplace.orders.models import Order, OrderState
from marketplace.orders.operations import (
    add_to_cart,
    cancel_order,
    change_quantity,
    merge_carts,
    open_cart,
    place_order,
    settle_order,
)
from marketplace.orders.queries import find_cart, find_receipt, list_quantities
from marketplace.payments.flows import settle
from tests.factories import NOON, a_user
from tests.orders.world import (
    a_cart,
    a_paid_order,
    a_payment,
    an_address,
    an_order,
    shipped,
    some_goods,
    the_parcel,
)
from tests.payments.test_checkout_session import a_session

pytestmark = pytest.mark.usefixtures("database")


def first(product):
    return product.variants[0].id


def test_a_strangers_cart_becomes_the_buyers():
    goods, buyer = some_goods(), a_user()
    cart = a_cart({goods: 2})

    merge_carts(cart.token, buyer.id, at=NOON)

    assert list_quantities(find_cart(buyer.id, None)) == {first(goods): 2}
    assert find_cart(None, cart.token) is None


def test_merging_keeps_the_larger_quantity_and_empties_the_strangers_cart():
    goods, other, buyer = some_goods(), some_goods(), a_user()
    a_cart({goods: 3}, user=buyer)
    loose = a_cart({goods: 1, other: 2})

    merge_carts(loose.token, buyer.id, at=NOON)

    assert list_quantities(find_cart(buyer.id, None)) == {first(goods): 3, first(other): 2}
    assert list_quantities(loose) == {}


def test_merging_twice_or_nothing_changes_nothing():
    buyer = a_user()

    merge_carts("no-such-token", buyer.id, at=NOON)

    assert find_cart(buyer.id, None) is None


def test_the_cart_holds_no_more_than_there_is():
    goods = some_goods(stock=3)
    cart = a_cart({goods: 2})

    with pytest.raises(NotEnough) as refused:
        add_to_cart(cart, first(goods), 2, at=NOON)

    assert refused.value.facts["available"] == 3
    assert list_quantities(cart) == {first(goods): 2}


def test_zero_pieces_take_the_goods_out():
    goods = some_goods()
    cart = a_cart({goods: 2})

    change_quantity(cart, first(goods), 0, at=NOON)

    assert list_quantities(cart) == {}


def test_drafts_cannot_be_put_in():
    from tests.factories import a_product

    draft = a_product(published=False)
    db.session.refresh(draft, ["variants"])

    with pytest.raises(NotFound):
        add_to_cart(open_cart(None, at=NOON), first(draft), 1, at=NOON)


def test_an_empty_cart_makes_no_order():
    buyer = a_user()

    with pytest.raises(CartEmpty):
        place_order(
            buyer, open_cart(None, user_id=buyer.id, at=NOON), an_address(), form_key="k", at=NOON
        )
    assert db.session.query(Order).count() == 0


def test_placing_an_order_empties_the_cart_and_holds_the_stock():
    goods, buyer = some_goods(stock=5), a_user()

    an_order({goods: 2}, user=buyer)

    assert list_quantities(find_cart(buyer.id, None)) == {}
    variant = db.session.get(Variant, first(goods), populate_existing=True)
    assert (variant.stock, variant.held) == (5, 2)


def test_an_order_nobody_paid_is_given_up_after_its_session_is_closed(stripe):
    order = an_order(at=now() - timedelta(minutes=41))
    payment = a_session(order)

    assert give_up_unpaid() == 1

    assert db.session.get(Order, order.id).state is OrderState.CANCELED
    assert db.session.get(type(payment), payment.id).state == "expired"
    assert db.session.query(Variant).one().held == 0


def test_an_order_paid_at_the_last_moment_is_not_given_up(stripe):
    order = an_order(at=now() - timedelta(minutes=41))
    stripe.pay(a_session(order).session_id)

    assert give_up_unpaid() == 0

    assert db.session.get(Order, order.id).state is OrderState.PAID


def test_an_order_within_its_time_is_left_alone(stripe):
    an_order(at=now() - timedelta(minutes=20))

    assert give_up_unpaid() == 0


def test_an_order_the_timer_gave_up_paid_late_takes_what_is_left():
    order = an_order()
    cancel_order(order, at=NOON)

    assert settle_order(a_payment(order), at=NOON) is True
    assert order.state is OrderState.PAID


def test_a_canceled_order_paid_late_whose_goods_are_gone_is_paid_back(stripe):
    goods = some_goods(stock=2)
    order = an_order({goods: 2}, at=now())
    payment = a_session(order)
    stripe.pay(payment.session_id)
    cancel_order(order, at=now())
    an_order({goods: 2}, at=now())

    seen = settle(payment.session_id, at=now())

    assert seen.unwanted.minor == 112_000
    assert db.session.get(Order, order.id).state is OrderState.CANCELED
    assert len(stripe.requests("Refund.create")) == 1


def test_a_receipt_is_found_however_its_code_is_typed():
    order = a_paid_order()

    assert find_receipt(order.receipt_code.lower().replace("-", " ")) is order
    assert find_receipt("0000-0000-0000") is None
    assert find_receipt(an_order().receipt_code) is None


@pytest.mark.parametrize("locale", ["ko", "id", "en"])
def test_the_mails_of_an_order_can_be_written(app, locale):
    order = a_paid_order(user=a_user(locale=locale), locale=locale)
    shipped(the_parcel(order))

    with app.test_request_context():
        mails = [compose(message) for message in db.session.query(OutboxMessage)]

    assert len(mails) == 2
    assert all(order.number in mail["Subject"] for mail in mails)
    assert all("김하은" not in mail.get_content() for mail in mails)


def test_an_order_its_buyer_canceled_stays_canceled_and_late_money_goes_back(stripe):
    order = an_order(at=now())
    payment = a_session(order)
    stripe.pay(payment.session_id)
    cancel_order(order, at=now(), by=order.user_id)

    seen = settle(payment.session_id, at=now())

    assert seen.unwanted.minor == 112_000
    assert db.session.get(Order, order.id).state is OrderState.CANCELED
    assert db.session.query(Variant).one().available == 20
    assert len(stripe.requests("Refund.create")) == 1
