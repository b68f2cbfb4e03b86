"""A parcel that the post would not take: said in the cart, never at the door of Stripe."""

from __future__ import annotations

import pytest
from sqlalchemy import event, update

from marketplace.kernel.db import db
from marketplace.orders.errors import ParcelAboveLimit
from marketplace.orders.models import Cart, CartLine, Order
from marketplace.orders.operations import place_order
from tests.factories import a_cooperative, a_user
from tests.orders.test_pages import ADDRESS, fields_of, sign_in
from tests.orders.world import NOON, a_cart, an_address, some_goods

pytestmark = pytest.mark.usefixtures("database")

SENTENCE = (
    "The parcel of Koperasi Berat weighs 36 kg, and the post takes at most 30 kg. "
    "Take some of its goods out and order them separately."
)


@pytest.fixture
def buyer(client):
    user = a_user()
    sign_in(client, user)
    return user


@pytest.fixture
def stones(database):
    return some_goods(a_cooperative("Koperasi Berat"), weight_grams=12_000, name="Cobek Batu")


def text_of(answer):
    return answer.get_data(as_text=True)


def test_the_cart_names_the_parcel_that_is_too_heavy_and_offers_no_checkout(client, buyer, stones):
    a_cart({some_goods(a_cooperative("Koperasi Ringan")): 1, stones: 3}, user=buyer)

    cart = client.get("/en/cart")

    assert cart.status_code == 200
    assert SENTENCE in text_of(cart)
    assert text_of(cart).count("and the post takes at most") == 1
    assert 'href="/en/checkout"' not in text_of(cart)
    assert "₩162,000" not in text_of(cart)
    assert client.get("/en/checkout").location.endswith("/en/cart")
    assert sorted(line.quantity for line in db.session.query(CartLine)) == [1, 3]


def test_a_parcel_made_lighter_can_be_ordered(client, buyer, stones):
    a_cart({stones: 3}, user=buyer)
    client.post(f"/en/cart/lines/{stones.variants[0].id}", data={"quantity": "3", "step": "-1"})

    cart = text_of(client.get("/en/cart"))

    assert "the post takes" not in cart
    assert 'href="/en/checkout"' in cart


def test_a_parcel_of_exactly_the_limit_can_be_ordered(client, buyer):
    a_cart({some_goods(weight_grams=10_000): 3}, user=buyer)

    assert client.get("/en/checkout").status_code == 200


def test_a_cart_that_grew_in_another_tab_keeps_the_address_and_says_why(client, buyer, stones):
    line = f"/en/cart/lines/{stones.variants[0].id}"
    a_cart({stones: 2}, user=buyer)
    fields = fields_of(client.get("/en/checkout"))
    client.post(line, data={"quantity": "3"})

    answer = client.post("/en/checkout", data=ADDRESS | fields)

    assert answer.status_code == 422
    assert SENTENCE in text_of(answer)
    assert "세종대로 110" in text_of(answer)
    assert "Pay ₩" not in text_of(answer)
    assert db.session.query(Order).count() == 0

    client.post(line, data={"quantity": "1"})
    again = client.post("/en/checkout", data=ADDRESS | fields_of(answer))
    assert "The amount has changed" in text_of(again)
    assert "₩190,000" in text_of(again)
    assert "₩140,000" in text_of(again)


def test_a_cart_that_grew_between_look_and_order_is_answered_with_the_same_sentence(
    client, buyer, stones
):
    a_cart({stones: 2}, user=buyer)
    fields = ADDRESS | fields_of(client.get("/en/checkout"))
    commits = []

    def grow(_session, _transaction, connection):
        # After the test's own commit, and the one with which the view's transaction begins.
        if len(commits) == 2:
            connection.execute(update(CartLine).values(quantity=3))

    listeners = (("after_commit", commits.append), ("after_begin", grow))
    for name, listener in listeners:
        event.listen(db.session, name, listener)
    try:
        answer = client.post("/en/checkout", data=fields)
    finally:
        for name, listener in listeners:
            event.remove(db.session, name, listener)

    assert answer.status_code == 422
    assert "and the post takes at most 30 kg" in text_of(answer)
    assert db.session.query(Order).count() == 0


def test_an_order_never_holds_a_parcel_that_cannot_be_sent(stones):
    user = a_user()
    cart = a_cart({stones: 3}, user=user)

    with pytest.raises(ParcelAboveLimit):
        place_order(user, cart, an_address(), form_key="form-heavy", at=NOON)

    assert db.session.query(Order).count() == 0
    assert db.session.get(Cart, cart.id) is not None
