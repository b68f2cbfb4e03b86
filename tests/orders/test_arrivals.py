"""Silence for a month counts as arrival, after a warning; a buyer's word stops it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now
from marketplace.mail import compose
from marketplace.orders.commands import follow_up_arrivals
from marketplace.orders.models import ParcelState
from marketplace.orders.operations import (
    assume_arrivals,
    deliver_parcel,
    refund_order_part,
    release_due,
    remind_of_arrivals,
    report_missing,
)
from marketplace.orders.policies import HELD_WINDOW
from tests.factories import NOON, a_member, a_user
from tests.orders.test_pages import sign_in
from tests.orders.world import a_paid_order, shipped, the_parcel

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def order(database):
    order = a_paid_order()
    shipped(the_parcel(order))
    return order


def after(days):
    return NOON + timedelta(days=days)


def a_pass(at):
    """What the worker does at the moment `at`."""
    return assume_arrivals(at), remind_of_arrivals(at)


def mails():
    return db.session.query(OutboxMessage).filter_by(template="parcel_expected").all()


def text_of(answer):
    return answer.get_data(as_text=True)


def test_the_buyer_is_warned_once_a_week_before_silence_counts(order):
    assert a_pass(after(22.9)) == (0, 0)
    assert a_pass(after(23)) == (0, 1)
    assert a_pass(after(24)) == (0, 0)

    assert [mail.facts["parcel"] for mail in mails()] == [the_parcel(order).number]


def test_a_parcel_sent_a_month_ago_is_taken_as_delivered_and_later_released(order):
    a_pass(after(23))
    assert a_pass(after(29.9)) == (0, 0)
    assert a_pass(after(30)) == (1, 0)

    parcel = the_parcel(order)
    assert (parcel.state, parcel.delivered_at) == (ParcelState.DELIVERED, after(30))
    assert parcel.is_arrival_assumed
    assert a_pass(after(31)) == (0, 0)
    assert release_due(after(30) + HELD_WINDOW) == 1


def test_nobody_is_surprised_when_the_worker_slept_for_months(order):
    assert a_pass(after(90)) == (0, 1)
    assert a_pass(after(96.9)) == (0, 0)
    assert a_pass(after(97)) == (1, 0)


def test_a_parcel_reported_missing_is_never_taken_as_delivered(order):
    a_pass(after(23))
    report_missing(the_parcel(order), at=after(25))
    report_missing(the_parcel(order), at=after(26))

    assert a_pass(after(60)) == (0, 0)

    parcel = the_parcel(order)
    assert (parcel.state, parcel.missing_at) == (ParcelState.SHIPPED, after(25))


def test_a_missing_parcel_that_comes_after_all_is_delivered_by_the_buyers_word(order):
    report_missing(the_parcel(order), at=after(25))
    deliver_parcel(the_parcel(order), at=after(35))

    assert the_parcel(order).delivered_at == after(35)
    assert not the_parcel(order).is_arrival_assumed


def test_who_has_the_money_back_gets_no_reminder(order):
    refund_order_part(
        order, the_parcel(order), won(112_000), reason="Lost", by=a_user(), at=after(10)
    )

    assert a_pass(after(60)) == (0, 0)
    assert mails() == []


def test_the_worker_commits_what_it_does(order):
    assert follow_up_arrivals() == 1
    assert the_parcel(order).reminded_at is not None


def test_a_buyer_says_on_the_page_that_it_has_not_arrived(client):
    buyer = a_user()
    order = a_paid_order(user=buyer, at=now())
    parcel = shipped(the_parcel(order), at=now())
    sign_in(client, buyer)
    url = f"/en/orders/{order.number}/parcels/{parcel.number}/missing"
    assert url in text_of(client.get(f"/en/orders/{order.number}"))

    answer = client.post(url)

    text = text_of(client.get(answer.location))
    assert the_parcel(order).missing_at is not None
    assert "You told us on" in text
    assert url not in text
    assert f"{parcel.number}/receipt" in text


def test_a_parcel_that_has_arrived_cannot_be_missed(client):
    buyer = a_user()
    order = a_paid_order(user=buyer, at=now())
    parcel = shipped(the_parcel(order), at=now())
    deliver_parcel(parcel, at=now())
    sign_in(client, buyer)

    answer = client.post(f"/en/orders/{order.number}/parcels/{parcel.number}/missing")

    assert "This parcel has arrived already." in text_of(client.get(answer.location))
    assert the_parcel(order).missing_at is None


def test_another_buyers_parcel_cannot_be_missed(client, order):
    sign_in(client, a_user())

    number = the_parcel(order).number
    assert client.post(f"/en/orders/{order.number}/parcels/{number}/missing").status_code == 404
    assert the_parcel(order).missing_at is None


def test_the_cooperative_sees_that_its_parcel_is_missed(client):
    order = a_paid_order(at=now())
    parcel = shipped(the_parcel(order), at=now())
    report_missing(parcel, at=now())
    sign_in(client, a_member(parcel.cooperative))
    desk = f"/en/c/{parcel.cooperative.slug}"

    assert "1 parcel has not arrived" in text_of(client.get(f"{desk}/"))
    assert parcel.number in text_of(client.get(f"{desk}/orders?tab=buyers"))
    assert "has not arrived. Check the tracking number" in text_of(
        client.get(f"{desk}/orders/{parcel.number}")
    )


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_the_warning_says_where_to_say_no(order, lang):
    a_pass(after(23))
    mail = mails()[0]
    mail.locale = lang

    letter = compose(mail)

    assert the_parcel(order).number in letter["Subject"]
    assert f"/ko/orders/{order.number}" in letter.get_content()
