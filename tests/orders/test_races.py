"""What happens at the same moment: real transactions in real threads, on both engines."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from marketplace.accounts.models import Role, User
from marketplace.catalog.models import Variant
from marketplace.kernel.db import db
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance
from marketplace.orders.errors import NotEnough, RefundTooLarge, TrackingNumberTaken
from marketplace.orders.models import (
    Cart,
    Order,
    OrderRefund,
    OrderState,
    ParcelState,
    RequestReason,
)
from marketplace.orders.operations import (
    ask_cancellation,
    place_order,
    refund_order_part,
    ship_parcel,
)
from marketplace.orders.queries import find_open_request, get_order, list_parcels
from marketplace.payments.flows import settle
from marketplace.reference.models import Carrier
from tests.factories import a_user
from tests.orders.world import (
    a_cart,
    a_market,
    a_paid_order,
    a_tracking_number,
    an_address,
    committing,
    shipped,
    some_goods,
)
from tests.payments.test_checkout_session import a_session
from tests.stripe import Stripe, point_at


def at_once(app, *functions):
    """Run the functions in threads that start together; their results or refusals, in order."""
    gate = Barrier(len(functions))

    def run(function):
        with app.app_context():
            try:
                gate.wait(10)
                return function()
            except DomainError as error:
                db.session.rollback()
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(functions)) as pool:
        waiting = [pool.submit(contextvars.Context().run, run, function) for function in functions]
        return [future.result(60) for future in waiting]


@pytest.fixture
def market(committed):
    with committing():
        a_market()
    return committed


def test_the_last_piece_is_sold_once(market):
    with committing():
        goods = some_goods(stock=1)
        buyers = [a_user() for _ in range(4)]
        carts = [a_cart({goods: 1}, user=buyer).id for buyer in buyers]
        ids = [buyer.id for buyer in buyers]

    def order(buyer_id, cart_id):
        def place():
            with committing():
                return place_order(
                    db.session.get(User, buyer_id),
                    db.session.get(Cart, cart_id),
                    an_address(),
                    form_key=f"race-{buyer_id}",
                    at=now(),
                ).number

        return place

    results = at_once(market, *[order(*pair) for pair in zip(ids, carts, strict=True)])

    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, NotEnough) for result in results) == 3
    db.session.expire_all()
    variant = db.session.query(Variant).one()
    assert (variant.stock, variant.held) == (1, 1)
    assert db.session.query(Order).count() == 1


def test_two_taps_on_one_form_make_one_order(market):
    with committing():
        buyer = a_user()
        cart_id, buyer_id = a_cart({some_goods(): 1}, user=buyer).id, buyer.id

    def place():
        with committing():
            return place_order(
                db.session.get(User, buyer_id),
                db.session.get(Cart, cart_id),
                an_address(),
                form_key="one-form",
                at=now(),
            ).number

    results = at_once(market, place, place, place)

    assert len(set(results)) == 1
    assert db.session.query(Order).count() == 1


def test_webhook_and_return_page_settle_once(market, stripe_server):
    stripe = Stripe(stripe_server)
    stripe.control("reset")
    point_at(market, stripe.base_url)
    with committing():
        buyer = a_user()
        cart = a_cart({some_goods(): 2}, user=buyer)
        order = place_order(buyer, cart, an_address(), form_key="paid-once", at=now())
    session_id = a_session(order).session_id
    stripe.pay(session_id)
    event = stripe.events("checkout.session.completed")[0]

    results = at_once(
        market,
        lambda: settle(session_id, at=now()).problem,
        lambda: stripe.deliver(market.test_client(), event).status_code,
        lambda: stripe.deliver(market.test_client(), event).status_code,
        lambda: settle(session_id, at=now()).problem,
    )

    db.session.expire_all()
    assert results == [None, 200, 200, None]
    assert get_order(order.number).state is OrderState.PAID
    kinds = sorted(kind for (kind,) in db.session.query(LedgerEntry.kind))
    assert kinds == ["sale", "stripe_fee"]
    assert balance("liabilities:shipping:krw") == won(-12_000)
    point_at(market, "http://127.0.0.1:9")


def test_two_refunds_at_once_never_pass_what_was_paid(market):
    with committing():
        number = a_paid_order().number
        admin_id = a_user(roles=(Role.ADMIN,)).id

    def refund():
        order = get_order(number)
        with committing():
            return refund_order_part(
                order,
                list_parcels(order)[0],
                won(70_000),
                reason="Broken",
                by=db.session.get(User, admin_id),
                at=now(),
            ).minor

    results = at_once(market, refund, refund, refund)

    assert 70_000 in results
    assert sum(isinstance(result, RefundTooLarge) for result in results) == 2
    assert [row.cumulative_minor for row in db.session.query(OrderRefund)] == [70_000]


def test_a_parcel_is_either_sent_or_asked_to_be_canceled(market):
    with committing():
        orders = [a_paid_order().id for _ in range(6)]

    def send(order_id):
        with committing():
            return shipped(list_parcels(db.session.get(Order, order_id))[0], at=now()).number

    def cancel(order_id):
        with committing():
            parcel = list_parcels(db.session.get(Order, order_id))[0]
            return ask_cancellation(parcel, RequestReason.CHANGED_MIND, "", at=now()).id

    for order_id in orders:
        answers = at_once(
            market, partial(send, order_id), partial(cancel, order_id), partial(cancel, order_id)
        )

        parcel = list_parcels(db.session.get(Order, order_id))[0]
        is_asked = find_open_request(parcel) is not None
        assert is_asked is (parcel.state is ParcelState.WAITING)
        assert sum(not isinstance(answer, DomainError) for answer in answers) == 1
        db.session.rollback()


def test_one_tracking_number_goes_to_one_order(market):
    with committing():
        orders = [[a_paid_order().id for _ in range(3)] for _ in range(4)]

    def send(order_id, number):
        with committing():
            parcel = list_parcels(db.session.get(Order, order_id))[0]
            ship_parcel(parcel, db.session.get(Carrier, "pos-ems"), number, at=now())

    for ids in orders:
        number = a_tracking_number()
        answers = at_once(market, *(partial(send, order_id, number) for order_id in ids))

        assert answers.count(None) == 1
        assert sum(isinstance(answer, TrackingNumberTaken) for answer in answers) == 2
