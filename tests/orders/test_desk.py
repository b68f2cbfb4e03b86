"""The cooperative's desk: parcels to send, tracking numbers, money owed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.cooperatives.models import MemberRole
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now
from marketplace.orders.models import ParcelState
from marketplace.orders.queries import list_parcels, weekly_sales
from tests.factories import a_cooperative, a_member, a_user
from tests.orders.test_pages import sign_in
from tests.orders.world import (
    EMS_NUMBER,
    a_paid_order,
    an_order,
    released,
    shipped,
    some_goods,
    the_parcel,
    two_cooperatives,
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def order(database):
    return a_paid_order(at=now())


@pytest.fixture
def chair(client, order):
    member = a_member(the_parcel(order).cooperative)
    sign_in(client, member)
    return member


def address_of(order, more=""):
    parcel = the_parcel(order)
    return f"/id/c/{parcel.cooperative.slug}/orders/{parcel.number}{more}"


PAGES = ["/", "/orders", "/orders?tab=on-the-way", "/orders?tab=done", "/orders?tab=x", "/payouts"]


@pytest.mark.parametrize("page", PAGES)
def test_a_chair_sees_every_page(client, order, chair, page):
    answer = client.get(f"/id/c/{the_parcel(order).cooperative.slug}{page}")

    assert answer.status_code == 200


@pytest.mark.parametrize("page", [*PAGES, "/orders/L-1-1"])
def test_outsiders_are_told_that_nothing_is_here(client, order, page):
    sign_in(client, a_member(a_cooperative()))

    assert client.get(f"/id/c/{the_parcel(order).cooperative.slug}{page}").status_code == 404


def test_another_cooperatives_parcel_of_the_same_order_does_not_exist(client):
    first, second = two_cooperatives()
    order = a_paid_order({first: 1, second: 1})
    mine, other = list_parcels(order)
    sign_in(client, a_member(mine.cooperative))

    here = f"/id/c/{mine.cooperative.slug}/orders"
    assert client.get(f"{here}/{mine.number}").status_code == 200
    assert client.get(f"{here}/{other.number}").status_code == 404
    sent = client.post(
        f"{here}/{other.number}/shipment",
        data={"carrier": "pos-ems", "tracking_number": EMS_NUMBER},
    )
    assert sent.status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [(MemberRole.SELLER, 403), (MemberRole.TREASURER, 200)]
)
def test_money_is_for_chair_and_treasurer(client, order, role, status):
    cooperative = the_parcel(order).cooperative
    sign_in(client, a_member(cooperative, role))

    assert client.get(f"/id/c/{cooperative.slug}/payouts").status_code == status


def test_a_treasurer_cannot_send_parcels(client, order):
    sign_in(client, a_member(the_parcel(order).cooperative, MemberRole.TREASURER))

    answer = client.post(
        address_of(order, "/shipment"), data={"carrier": "pos-ems", "tracking_number": EMS_NUMBER}
    )

    assert answer.status_code == 403
    assert the_parcel(order).state is ParcelState.WAITING


def test_an_unpaid_order_is_not_shown(client, chair, order):
    cooperative = the_parcel(order).cooperative
    unpaid = an_order({some_goods(cooperative): 1})

    text = client.get(f"/id/c/{cooperative.slug}/orders").get_data(as_text=True)

    assert the_parcel(order).number in text
    assert the_parcel(unpaid).number not in text


def test_the_label_has_what_customs_asks_for(client, chair, order):
    text = client.get(address_of(order)).get_data(as_text=True)

    assert "김하은" in text
    assert "P123456789012" in text
    assert "+821012345678" in text


def test_a_sent_parcel_is_on_the_way_and_the_buyer_is_told_once(client, chair, order):
    data = {"carrier": "pos-ems", "tracking_number": " ee 123456785 id "}

    answer = client.post(address_of(order, "/shipment"), data=data)
    client.post(address_of(order, "/shipment"), data=data)

    parcel = the_parcel(order)
    assert answer.status_code == 302
    assert (parcel.state, parcel.tracking_number) == (ParcelState.SHIPPED, EMS_NUMBER)
    mails = db.session.query(OutboxMessage).filter_by(template="parcel_shipped").all()
    assert [mail.facts["tracking_number"] for mail in mails] == [EMS_NUMBER]


@pytest.mark.parametrize(
    ("carrier", "number"),
    [("pos-ems", "EE123456784ID"), ("pos-ems", "hello"), ("pos-ems", ""), ("rocket", EMS_NUMBER)],
)
def test_nonsense_is_asked_for_again_and_kept(client, chair, order, carrier, number):
    answer = client.post(
        address_of(order, "/shipment"), data={"carrier": carrier, "tracking_number": number}
    )

    assert answer.status_code == 422
    assert f'value="{number}"' in answer.get_data(as_text=True)
    assert the_parcel(order).state is ParcelState.WAITING
    assert db.session.query(OutboxMessage).filter_by(template="parcel_shipped").count() == 0


def test_a_sent_parcel_is_not_sent_again_with_another_number(client, chair, order):
    shipped(the_parcel(order))

    answer = client.post(
        address_of(order, "/shipment"), data={"carrier": "dhl", "tracking_number": "9999999999"}
    )

    assert answer.status_code == 409
    assert the_parcel(order).tracking_number == EMS_NUMBER


def test_the_money_page_says_what_is_ready_and_what_is_held(client, chair, order):
    cooperative = the_parcel(order).cooperative
    released(the_parcel(order), at=now() + timedelta(days=8))
    a_paid_order({some_goods(cooperative): 1}, at=now())

    text = client.get(f"/id/c/{cooperative.slug}/payouts").get_data(as_text=True)

    assert "1.085.600" in text
    assert "542.800" in text


def test_sales_are_counted_by_week_in_rupiah(order):
    weeks = weekly_sales(the_parcel(order).cooperative, at=now())

    assert len(weeks) == 8
    assert weeks[-1][1] == rupiah(1_085_600)
    assert all(monday.weekday() == 0 for monday, _ in weeks)


def test_strangers_are_asked_to_sign_in(client, order):
    assert "/sign-in" in client.get(address_of(order)).location


def test_a_buyer_is_no_member(client, order):
    sign_in(client, a_user())

    assert client.get(address_of(order)).status_code == 404
