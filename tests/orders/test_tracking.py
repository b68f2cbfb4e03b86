"""A wrong tracking number is put right, the buyer is told, and the old one is kept."""

from __future__ import annotations

import pytest

from marketplace.cooperatives.models import MemberRole
from marketplace.kernel.db import db
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now
from marketplace.mail import compose
from marketplace.orders.models import ParcelState, TrackingCorrection
from marketplace.orders.operations import deliver_parcel
from tests.factories import a_member, a_user
from tests.orders.test_desk import address_of
from tests.orders.test_pages import sign_in
from tests.orders.world import (
    EMS_NUMBER,
    a_paid_order,
    shipped,
    some_goods,
    the_parcel,
)

pytestmark = pytest.mark.usefixtures("database")

RIGHT = {"carrier": "pos-ems", "tracking_number": "EE 987654326 ID"}
RIGHT_NUMBER = "EE987654326ID"


@pytest.fixture
def buyer(database):
    return a_user("Kim Jisu")


@pytest.fixture
def order(buyer):
    order = a_paid_order(user=buyer, at=now())
    shipped(the_parcel(order), at=now())
    return order


@pytest.fixture
def chair(client, order):
    member = a_member(the_parcel(order).cooperative, name="Bu Sri")
    sign_in(client, member)
    return member


def mails():
    return db.session.query(OutboxMessage).filter_by(template="tracking_corrected").all()


def text_of(answer):
    return answer.get_data(as_text=True)


def test_a_corrected_number_is_on_the_parcel_and_the_buyer_is_told_once(client, chair, order):
    answer = client.post(address_of(order, "/tracking"), data=RIGHT)
    client.post(address_of(order, "/tracking"), data=RIGHT)

    assert answer.location.endswith(address_of(order))
    assert the_parcel(order).tracking_number == RIGHT_NUMBER
    assert [mail.facts["tracking_number"] for mail in mails()] == [RIGHT_NUMBER]


def test_the_carrier_can_be_corrected_alone(client, chair, order):
    client.post(
        address_of(order, "/tracking"), data={"carrier": "dhl", "tracking_number": EMS_NUMBER}
    )

    assert the_parcel(order).carrier_code == "dhl"
    assert mails()[0].facts["tracking_url"] == f"https://dhl.kr/{EMS_NUMBER}"


def test_each_correction_has_its_own_mail_and_the_desk_sees_every_earlier_number(
    client, chair, order
):
    client.post(address_of(order, "/tracking"), data=RIGHT)
    client.post(
        address_of(order, "/tracking"), data={"carrier": "dhl", "tracking_number": "7777777777"}
    )
    client.post(address_of(order, "/tracking"), data=RIGHT)

    text = text_of(client.get(address_of(order)))

    old = db.session.query(TrackingCorrection).order_by(TrackingCorrection.id)
    assert [row.tracking_number for row in old] == [EMS_NUMBER, RIGHT_NUMBER, "7777777777"]
    assert {row.by_user_id for row in old} == {chair.id}
    assert len(mails()) == 3
    for number in (EMS_NUMBER, "7777777777"):
        assert number in text
    assert "Bu Sri" in text


def test_the_buyer_sees_the_new_number_only(client, chair, buyer, order):
    client.post(address_of(order, "/tracking"), data=RIGHT)
    sign_in(client, buyer)

    text = text_of(client.get(f"/ko/orders/{order.number}"))

    assert f"https://e.kr/{RIGHT_NUMBER}" in text
    assert EMS_NUMBER not in text


@pytest.mark.parametrize("number", ["EE987654320ID", "hello", ""])
def test_a_wrong_correction_is_asked_for_again_and_changes_nothing(client, chair, order, number):
    answer = client.post(
        address_of(order, "/tracking"), data={"carrier": "pos-ems", "tracking_number": number}
    )

    assert answer.status_code == 422
    assert f'value="{number}"' in text_of(answer)
    assert 'href="#tracking_number"' in text_of(answer)
    assert the_parcel(order).tracking_number == EMS_NUMBER
    assert mails() == []


def test_the_number_of_a_parcel_that_has_arrived_stays(client, chair, order):
    assert "/tracking" in text_of(client.get(address_of(order)))
    deliver_parcel(the_parcel(order), at=now())

    answer = client.post(address_of(order, "/tracking"), data=RIGHT)

    assert "Paket ini sudah sampai." in text_of(client.get(answer.location))
    assert the_parcel(order).tracking_number == EMS_NUMBER
    assert "/tracking" not in text_of(client.get(address_of(order)))


def test_a_parcel_that_is_not_sent_has_no_number_to_correct(client, chair, order):
    unsent = a_paid_order(at=now())
    sign_in(client, a_member(the_parcel(unsent).cooperative))

    client.post(address_of(unsent, "/tracking"), data=RIGHT)

    assert the_parcel(unsent).state is ParcelState.WAITING
    assert the_parcel(unsent).tracking_number is None


def test_only_who_sends_parcels_corrects_numbers(client, order):
    sign_in(client, a_member(the_parcel(order).cooperative, MemberRole.TREASURER))
    assert client.post(address_of(order, "/tracking"), data=RIGHT).status_code == 403
    sign_in(client, a_member(the_parcel(a_paid_order(at=now())).cooperative))
    assert client.post(address_of(order, "/tracking"), data=RIGHT).status_code == 404

    assert the_parcel(order).tracking_number == EMS_NUMBER


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_the_mail_of_a_correction_can_be_written(client, chair, order, lang):
    client.post(address_of(order, "/tracking"), data=RIGHT)
    mail = mails()[0]
    mail.locale = lang

    letter = compose(mail)

    assert the_parcel(order).number in letter["Subject"]
    assert f"https://e.kr/{RIGHT_NUMBER}" in letter.get_content()


def in_english(order, more=""):
    return address_of(order, more).replace("/id/", "/en/", 1)


def test_an_older_page_does_not_overwrite_a_number_corrected_meanwhile(client, chair, order):
    page = text_of(client.get(in_english(order)))
    seen = f"pos-ems:{EMS_NUMBER}"
    client.post(in_english(order, "/tracking"), data=RIGHT | {"seen": seen})
    older = {"carrier": "dhl", "tracking_number": "7777777777", "seen": seen}

    refused = client.post(in_english(order, "/tracking"), data=older)

    assert f'value="{seen}"' in page
    assert refused.status_code == 422
    assert f"It is {RIGHT_NUMBER} now." in text_of(refused)
    assert 'value="7777777777"' in text_of(refused)
    assert the_parcel(order).tracking_number == RIGHT_NUMBER

    now_seen = f"pos-ems:{RIGHT_NUMBER}"
    assert f'value="{now_seen}"' in text_of(refused)
    client.post(in_english(order, "/tracking"), data=older | {"seen": now_seen})
    assert the_parcel(order).tracking_number == "7777777777"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [("EE123456785KR", "end in ID"), (EMS_NUMBER, "of another order has this number")],
)
def test_a_number_of_elsewhere_is_refused(client, chair, order, number, sentence):
    other = a_paid_order({some_goods(the_parcel(order).cooperative): 1}, at=now())

    answer = client.post(
        in_english(other, "/shipment"), data={"carrier": "pos-ems", "tracking_number": number}
    )

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert the_parcel(other).state is ParcelState.WAITING
