"""The conversation with Stripe: what we ask, what we believe, what happens when it fails."""

from __future__ import annotations

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import now
from marketplace.ledger.queries import balance, find_entry
from marketplace.orders.models import Order, OrderState
from marketplace.payments.errors import AlreadyPaid, PaymentUnderway, StripeUnavailable
from marketplace.payments.flows import catch_up, open_checkout, settle
from marketplace.payments.models import BalanceTransaction, Payment, PaymentState, Refund
from marketplace.payments.operations import fee_in, plan_payment
from marketplace.payments.queries import list_payments
from tests.orders.world import an_order

pytestmark = pytest.mark.usefixtures("database")


def a_session(order, **changes):
    fields = {
        "customer_email": "buyer@example.com",
        "locale": "ko",
        "success_url": "https://shop.test/return?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.test/order",
        "at": now(),
    }
    lines = [("Kopi", won(50_000), 2), ("Freight", won(12_000), 1)]
    return open_checkout("order", order.number, order.total, lines, **(fields | changes))


def test_the_session_asks_for_our_amount_and_carries_our_names(stripe):
    order = an_order(at=now())

    payment = a_session(order)

    (asked,) = stripe.requests("Session.create")
    params = asked["params"]
    assert payment.state is PaymentState.OPEN
    assert asked["headers"]["Stripe-Version"] == "2026-10-28.endive"
    assert "payment_method_types" not in params
    assert params["adaptive_pricing"]["enabled"] in (False, "false")
    assert params["metadata"]["payment"] == str(payment.id)
    assert params["payment_intent_data"]["metadata"]["reference"] == order.number
    assert params["client_reference_id"] == order.number


def test_line_items_that_do_not_add_up_are_never_sent(stripe):
    order = an_order(at=now())

    with pytest.raises(ValueError, match="add up"):
        open_checkout(
            "order",
            order.number,
            order.total,
            [("Kopi", won(1), 1)],
            customer_email="b@example.com",
            locale="ko",
            success_url="https://s.test",
            cancel_url="https://s.test",
            at=now(),
        )
    assert list_payments("order", order.number) == []


def test_a_paid_session_pays_the_order_and_books_stripes_fee(stripe):
    order = an_order(at=now())
    payment = a_session(order)
    stripe.pay(payment.session_id)

    settle(payment.session_id, at=now())

    line = db.session.query(BalanceTransaction).one()
    fee = fee_in(won(112_000), line)
    assert db.session.get(Order, order.id).state is OrderState.PAID
    assert (payment.state, payment.method) == (PaymentState.PAID, "kakao_pay")
    assert line.currency == "USD"
    assert find_entry(f"stripe_fee:{line.id}") is not None
    assert balance("expenses:stripe-fee:krw") == fee
    assert balance("assets:stripe:krw") == won(112_000) - fee
    assert 0 < fee.minor < 8_000


def test_the_fee_is_converted_by_the_lines_own_rate():
    line = BalanceTransaction(currency="USD", gross_minor=8_000, fee_minor=302)

    assert fee_in(won(112_000), line) == won(4_228)


def test_a_fee_in_the_paid_currency_is_taken_as_it_is():
    line = BalanceTransaction(currency="USD", gross_minor=8_000, fee_minor=302)

    assert fee_in(Money(8_000, "USD"), line) == Money(302, "USD")


def test_settling_an_open_session_changes_nothing(stripe):
    order = an_order(at=now())
    payment = a_session(order)

    settle(payment.session_id, at=now())

    assert payment.state is PaymentState.OPEN
    assert db.session.get(Order, order.id).state is OrderState.AWAITING_PAYMENT


def test_a_new_attempt_closes_the_open_session_first(stripe):
    order = an_order(at=now())
    first = a_session(order)

    second = a_session(order)

    assert (first.state, second.state) == (PaymentState.EXPIRED, PaymentState.OPEN)
    assert (first.attempt, second.attempt) == (1, 2)
    with pytest.raises(RuntimeError):
        stripe.pay(first.session_id)


def test_an_order_paid_meanwhile_is_not_asked_for_again(stripe):
    order = an_order(at=now())
    first = a_session(order)
    stripe.pay(first.session_id)

    with pytest.raises(AlreadyPaid):
        a_session(order)

    assert db.session.get(Order, order.id).state is OrderState.PAID
    assert len(list_payments("order", order.number)) == 1


def test_while_a_payment_is_on_its_way_nothing_else_can_be_paid(stripe):
    order = an_order(at=now())
    first = a_session(order)
    stripe.delay(first.session_id)

    with pytest.raises(PaymentUnderway):
        a_session(order)
    with pytest.raises(PaymentUnderway):
        plan_payment("order", order.number, order.total, at=now())
    assert first.state is PaymentState.PROCESSING

    stripe.end_delay(first.session_id)
    assert catch_up(at=now()) == 1
    assert db.session.get(Order, order.id).state is OrderState.PAID


def test_after_a_delayed_payment_failed_the_order_can_be_paid(stripe):
    order = an_order(at=now())
    first = a_session(order)
    stripe.delay(first.session_id)
    settle(first.session_id, at=now())
    stripe.end_delay(first.session_id, with_money=False)

    second = a_session(order)

    assert (first.state, second.state) == (PaymentState.FAILED, PaymentState.OPEN)
    assert first.failure


def test_a_delayed_payment_that_comes_after_another_goes_back(stripe):
    order = an_order(at=now())
    first = a_session(order)
    stripe.delay(first.session_id)
    first.state = PaymentState.FAILED  # as if a look had shown a refusal that Stripe took back
    db.session.flush()
    second = a_session(order)
    stripe.pay(second.session_id)
    settle(second.session_id, at=now())
    stripe.end_delay(first.session_id)

    settle(first.session_id, at=now())

    refund = db.session.query(Refund).one()
    assert (refund.reference, refund.minor) == (f"unwanted-{first.id}", 112_000)
    assert balance("liabilities:buyers:krw") == won(0)


def test_money_of_another_amount_is_not_taken(stripe):
    order = an_order(at=now())
    payment = a_session(order)
    stripe.pay(payment.session_id)
    payment.minor = 111_999
    db.session.flush()

    seen = settle(payment.session_id, at=now())

    assert "112000" in seen.problem
    assert payment.state is PaymentState.OPEN
    assert balance("assets:stripe:krw") == won(0)


def test_money_that_nobody_wants_goes_back_by_itself(stripe):
    order = an_order(at=now())
    first = a_session(order)
    stripe.control("faults", kind="error", operation="Session.expire", status=400)
    second = a_session(order)
    stripe.pay(first.session_id)
    stripe.pay(second.session_id)

    settle(first.session_id, at=now())
    settle(second.session_id, at=now())

    refund = db.session.query(Refund).one()
    assert (refund.reference, refund.minor) == (f"unwanted-{second.id}", 112_000)
    assert balance("liabilities:buyers:krw") == won(0)
    assert len(stripe.requests("Refund.create")) == 1
    assert first.state is second.state is PaymentState.PAID


def test_after_silence_the_same_key_finds_the_session_that_was_made(stripe):
    order = an_order(at=now())
    stripe.control("faults", kind="drop_after", operation="Session.create", times=3)
    with pytest.raises(StripeUnavailable):
        a_session(order)

    payment = a_session(order)

    assert (payment.attempt, payment.state) == (1, PaymentState.OPEN)
    assert {row["headers"]["Idempotency-Key"] for row in stripe.requests("Session.create")} == {
        stripe.requests("Session.create")[0]["headers"]["Idempotency-Key"]
    }


def test_an_address_that_is_no_session_is_not_asked_for(stripe):
    assert settle("", at=now()).problem == "not a session id"
    assert stripe.requests("Session.retrieve") == []


def test_a_payment_row_stands_before_stripe_is_asked(stripe):
    order = an_order(at=now())
    stripe.control("faults", kind="drop_before", operation="Session.create", times=3)

    with pytest.raises(StripeUnavailable):
        a_session(order)

    (payment,) = db.session.query(Payment).all()
    assert (payment.state, payment.session_id) == (PaymentState.CREATED, None)
