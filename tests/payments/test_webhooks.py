"""Stripe's events: signed, repeated, out of order, forged, lost."""

from __future__ import annotations

import time

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance
from marketplace.orders.models import Order, OrderState
from marketplace.payments.flows import catch_up
from marketplace.payments.models import Payment, PaymentState, StripeEvent
from tests.orders.world import an_order
from tests.payments.test_checkout_session import a_session

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def paid(stripe):
    """An order whose buyer has paid on Stripe's page; we have not heard of it yet."""
    order = an_order(at=now())
    payment = a_session(order)
    stripe.pay(payment.session_id)
    return order, payment


def state_of(order):
    return db.session.get(Order, order.id, populate_existing=True).state


def count_of(model):
    return db.session.query(model).count()


def test_a_completed_session_pays_the_order(client, stripe, paid):
    order, _payment = paid

    answers = stripe.deliver_all(client)

    assert set(answers) == {200}
    assert state_of(order) is OrderState.PAID
    assert balance("liabilities:shipping:krw") == won(-12_000)


def test_events_delivered_twice_change_nothing(client, stripe, paid):
    stripe.deliver_all(client)
    entries = count_of(LedgerEntry)

    assert set(stripe.deliver_all(client)) == {200}
    assert count_of(LedgerEntry) == entries == 2


def test_events_in_reverse_order_end_the_same(client, stripe, paid):
    order, _payment = paid

    for event in reversed(stripe.events()):
        assert stripe.deliver(client, event).status_code == 200

    assert state_of(order) is OrderState.PAID
    assert count_of(LedgerEntry) == 2


def test_a_forged_event_leaves_no_trace(client, stripe, paid):
    order, _payment = paid
    (event,) = stripe.events("checkout.session.completed")

    answer = stripe.deliver(client, event, secret="whsec_of_someone_else")

    assert answer.status_code == 400
    assert state_of(order) is OrderState.AWAITING_PAYMENT
    assert count_of(StripeEvent) == 0


def test_an_old_signature_is_refused(client, stripe, paid):
    (event,) = stripe.events("checkout.session.completed")

    assert stripe.deliver(client, event, stamp=int(time.time()) - 600).status_code == 400
    assert count_of(StripeEvent) == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b"not json"])
def test_nonsense_is_refused(client, stripe, body):
    assert client.post("/webhooks/stripe", data=body).status_code == 400


def test_a_huge_body_is_refused_unread(client, stripe):
    assert client.post("/webhooks/stripe", data=b"x" * 300_000).status_code == 413


def test_unknown_kinds_are_kept_and_answered(client, stripe, paid):
    event = stripe.events("checkout.session.completed")[0] | {
        "id": "evt_unknown",
        "type": "customer.created",
    }

    assert stripe.deliver(client, event).status_code == 200
    assert db.session.get(StripeEvent, "evt_unknown").handled_at is not None


def test_no_names_or_mail_addresses_are_kept_of_an_event(client, stripe, paid):
    stripe.deliver_all(client, "checkout.session.completed")

    (event,) = db.session.query(StripeEvent).all()
    assert "buyer@example.com" not in str(event.payload)


def test_live_events_are_refused_by_a_test_key(client, stripe, paid):
    order, _payment = paid
    event = stripe.events("checkout.session.completed")[0] | {"livemode": True}

    assert stripe.deliver(client, event).status_code == 200
    assert state_of(order) is OrderState.AWAITING_PAYMENT
    assert db.session.query(StripeEvent).one().problem == "wrong mode"


def test_an_event_while_stripe_is_silent_is_asked_for_again(client, stripe, paid):
    order, _payment = paid
    (event,) = stripe.events("checkout.session.completed")
    stripe.control("faults", kind="drop_before", operation="Session.retrieve", times=3)

    first = stripe.deliver(client, event).status_code

    assert first >= 400
    assert stripe.deliver(client, event).status_code == 200
    assert state_of(order) is OrderState.PAID


def test_lost_events_are_made_up_for(stripe, paid):
    order, payment = paid

    assert catch_up(at=now()) == 1

    assert state_of(order) is OrderState.PAID
    assert payment.state is PaymentState.PAID


def test_a_declined_payment_is_noted_and_the_session_stays_open(client, stripe):
    order = an_order(at=now())
    payment = a_session(order)
    stripe.fail(payment.session_id)

    stripe.deliver_all(client)

    payment = db.session.get(Payment, payment.id, populate_existing=True)
    assert payment.state is PaymentState.OPEN
    assert payment.failure
    assert state_of(order) is OrderState.AWAITING_PAYMENT


def test_an_expired_session_closes_the_attempt(client, stripe):
    order = an_order(at=now())
    payment = a_session(order)
    stripe.expire(payment.session_id)

    stripe.deliver_all(client)

    payment = db.session.get(Payment, payment.id, populate_existing=True)
    assert payment.state is PaymentState.EXPIRED
    assert state_of(order) is OrderState.AWAITING_PAYMENT


def test_a_late_balance_transaction_brings_the_fee(client, stripe, paid):
    order, _payment = paid

    stripe.deliver_all(client, "charge.updated")

    assert state_of(order) is OrderState.PAID
    assert balance("expenses:stripe-fee:krw").minor > 0
