import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.orders.models import RequestReason
from marketplace.orders.operations import (
    ask_cancellation,
    refund_order_part,
    refuse_request,
    report_missing,
    settle_order,
)
from marketplace.orders.queries import parts_left
from marketplace.payments.models import StripeEvent
from marketplace.reference import queries as reference
from marketplace.reference.models import ExchangeRate
from marketplace.reference.operations import set_rate
from marketplace.reinvestment.operations import propose_disbursement
from tests.factories import a_user, saved
from tests.orders.world import a_payment, an_order, shipped, the_parcel
from tests.reinvestment.world import a_program, an_admin

pytestmark = pytest.mark.usefixtures("world")


def text_of(response):
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_a_proposal_waits_for_its_signature(reader):
    program = a_program(7_000)

    text = text_of(reader.get("/en/admin/"))

    assert f"{program.number} Coffee dryer house" in text
    assert "7,000" in text


def test_a_payment_waits_for_its_second_person(reader, world):
    assert "No payment is waiting." in text_of(reader.get("/en/admin/"))

    waiting = propose_disbursement(
        world.program, won(800), purpose="Tahap 2", by=an_admin().id, at=now()
    )

    assert f"{waiting.number} Tahap 2" in text_of(reader.get("/en/admin/"))


def test_a_parcel_is_late_after_three_days(reader, world):
    late = text_of(reader.get("/en/admin/"))
    order = an_order(at=now())
    settle_order(a_payment(order, at=now()), at=now())

    text = text_of(reader.get("/en/admin/"))

    assert the_parcel(world.waiting).number in late
    assert the_parcel(world.delivered).number not in late
    assert the_parcel(order).number not in text


def test_a_late_parcel_that_was_refunded_or_is_to_be_canceled_is_not_late(reader, world):
    parcel = the_parcel(world.waiting)
    assert parcel.number in text_of(reader.get("/en/admin/")).partition("Late parcels")[2]
    asked = ask_cancellation(parcel, RequestReason.CHANGED_MIND, "", at=now())

    text = text_of(reader.get("/en/admin/"))
    assert parcel.number in text.partition("Late parcels")[0]
    assert parcel.number not in text.partition("Late parcels")[2]

    refuse_request(asked, "No", by=a_user(), at=now())
    assert parcel.number in text_of(reader.get("/en/admin/")).partition("Late parcels")[2]

    left = parts_left([parcel.id])[parcel.id].total
    refund_order_part(world.waiting, parcel, won(left), reason="x", by=a_user(), at=now())
    late = text_of(reader.get("/en/admin/")).partition("Late parcels")[2]
    assert parcel.number not in late.partition("Refunds on their way")[0]


def test_a_parcel_that_its_buyer_misses_stands_among_the_late_ones(reader, world):
    order = an_order(at=now())
    settle_order(a_payment(order, at=now()), at=now())
    parcel = shipped(the_parcel(order), at=now())
    assert parcel.number not in text_of(reader.get("/en/admin/"))

    report_missing(parcel, at=now())

    text = text_of(reader.get("/en/admin/"))
    assert parcel.number in text
    assert "sent, has not arrived" in text


def test_a_refund_that_stripe_has_not_taken_is_shown(reader, world):
    refund = refund_order_part(
        world.waiting,
        the_parcel(world.waiting),
        won(50_000),
        reason="Broken",
        by=a_user(),
        at=now(),
    )

    text = text_of(reader.get("/en/admin/"))

    assert f"{refund.number} not sent to Stripe yet" in text
    assert "₩50,000" in text


def test_stripe_messages_with_a_problem_are_shown_for_a_month(reader):
    for name, days in (("evt_new", 1), ("evt_old", 31)):
        saved(
            StripeEvent(
                id=name,
                kind="checkout.session.completed",
                payload={},
                received_at=now() - timedelta(days=days),
                problem="unknown session",
            )
        )

    text = text_of(reader.get("/en/admin/"))

    assert "evt_new" in text
    assert "evt_old" not in text


@pytest.mark.parametrize(
    ("age", "says"),
    [
        (2, None),
        (3, "From tomorrow no order can be placed with them."),
        (4, "No order can be placed: the newest exchange rates are of"),
    ],
)
def test_staff_are_warned_before_rates_are_too_old_for_orders(reader, monkeypatch, age, says):
    monkeypatch.setattr(reference, "_oldest_days", [3])
    db.session.execute(delete(ExchangeRate))
    day = today_in_seoul(now()) - timedelta(days=age)
    for base, quote in (("KRW", "IDR"), ("USD", "KRW")):
        set_rate(base, quote, day, Decimal("11.5"), source="test")

    text = text_of(reader.get("/en/admin/"))

    assert says in text if says else "exchange rates" not in text


def test_staff_are_told_that_there_are_no_rates(reader):
    db.session.execute(delete(ExchangeRate).where(ExchangeRate.base == "USD"))
    reference.rates.forget()

    assert "there are no exchange rates" in text_of(reader.get("/en/admin/"))
