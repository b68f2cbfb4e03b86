"""Buyers ask for the money of a parcel; a refund or a reasoned no answers, and holds the money."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.accounts.models import Role, User
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now
from marketplace.mail import compose
from marketplace.orders.errors import (
    AlreadyAsked,
    AlreadyShipped,
    CancellationAsked,
    NothingToRefund,
    NotPaid,
    NotShipped,
    RefundUnderway,
    RequestAnswered,
    RequestOpen,
    ReturnTooLate,
)
from marketplace.orders.models import (
    OrderRefund,
    Parcel,
    ParcelRequest,
    ParcelState,
    RequestKind,
    RequestReason,
)
from marketplace.orders.operations import (
    ask_cancellation,
    ask_return,
    deliver_parcel,
    drop_refund,
    refund_order_part,
    refuse_request,
    release_due,
    release_parcel,
    withdraw_request,
)
from marketplace.orders.policies import HELD_WINDOW
from marketplace.orders.queries import count_to_ship, find_open_request, list_parcels, parts_left
from marketplace.payments.flows import send_refund, settle
from marketplace.payments.models import Payment
from marketplace.payments.queries import find_refund
from tests.factories import NOON, a_member, a_user
from tests.orders.test_pages import sign_in
from tests.orders.world import (
    EMS_NUMBER,
    a_market,
    a_market_with_an_order,
    a_paid_order,
    an_order,
    delivered,
    shipped,
    the_parcel,
    two_cooperatives,
)
from tests.payments.test_checkout_session import a_session
from tests.stages import Stage, here

pytestmark = pytest.mark.usefixtures("database")

MIND, BROKEN = RequestReason.CHANGED_MIND, RequestReason.BROKEN


@pytest.fixture
def stage(request, stages) -> Stage:
    return stages(a_market_with_an_order if "order" in request.fixturenames else a_market)


@pytest.fixture
def buyer(database, stage):
    return db.session.get_one(User, stage.things.user_id) if stage.things else a_user("Kim Jisu")


@pytest.fixture
def admin(database):
    return a_user("Admin", roles=(Role.ADMIN,))


@pytest.fixture
def order(buyer, stripe, stage):
    """An order of 112,000 won, really paid at the stand-in."""
    placed = here(stage.things)
    payment = a_session(placed)
    stripe.pay(payment.session_id)
    settle(payment.session_id, at=now())
    return placed


def refund(order, amount, admin):
    """Decided, but not yet sent to Stripe."""
    return refund_order_part(
        order, the_parcel(order), won(amount), reason="As you asked", by=admin, at=now()
    )


def sent(refund):
    send_refund(find_refund(refund.number), at=now())
    return db.session.get(OrderRefund, refund.id, populate_existing=True)


def the_request():
    return db.session.query(ParcelRequest).populate_existing().one()


def mails(template):
    return db.session.query(OutboxMessage).filter_by(template=template).all()


def text_of(answer):
    return answer.get_data(as_text=True)


def of_buyer(order, more=""):
    return f"/en/orders/{order.number}{more}"


def of_parcel(order, more):
    return f"/en/orders/{order.number}/parcels/{the_parcel(order).number}/{more}"


def of_admin(order, more=""):
    return f"/en/admin/orders/{order.number}{more}"


def refusal_of(order):
    number, asked = the_parcel(order).number, the_request()
    return of_admin(order, f"/parcels/{number}/requests/{asked.id}/refusal")


# Asking


def test_a_buyer_cancels_a_parcel_that_is_not_sent(client, buyer, order):
    sign_in(client, buyer)
    url = of_parcel(order, "cancellation")
    assert url in text_of(client.get(of_buyer(order)))
    assert "₩112,000" in text_of(client.get(url))

    answer = client.post(url, data={"reason": "changed_mind"})
    client.post(url, data={"reason": "changed_mind"})

    asked = the_request()
    assert (asked.kind, asked.reason, asked.is_open) == (RequestKind.CANCELLATION, MIND, True)
    text = text_of(client.get(answer.location))
    assert "You asked to cancel this parcel" in text
    assert url not in text
    assert db.session.query(OrderRefund).count() == 0


def test_a_buyer_returns_goods_with_a_reason_within_seven_days(client, buyer, order):
    deliver_parcel(shipped(the_parcel(order), at=now()), at=now())
    sign_in(client, buyer)
    url = of_parcel(order, "return")
    assert url in text_of(client.get(of_buyer(order)))

    answer = client.post(url, data={"reason": "broken", "details": " The bag is torn. "})

    assert the_request().details == "The bag is torn."
    assert "You asked to send goods back" in text_of(client.get(answer.location))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "reason"),
        ({"reason": "nonsense"}, "reason"),
        ({"reason": "broken", "details": "  "}, "details"),
        ({"reason": "other"}, "details"),
        ({"reason": "broken", "details": "x" * 1001}, "details"),
    ],
)
def test_a_return_without_a_reason_is_asked_for_again(client, buyer, order, data, field):
    deliver_parcel(shipped(the_parcel(order), at=now()), at=now())
    sign_in(client, buyer)

    answer = client.post(of_parcel(order, "return"), data=data)

    assert answer.status_code == 422
    assert f'href="#{field}"' in text_of(answer)
    if data.get("details", "").strip():
        assert data["details"] in text_of(answer)
    assert db.session.query(ParcelRequest).count() == 0


def test_a_sent_parcel_cannot_be_canceled(client, buyer, order):
    parcel = shipped(the_parcel(order), at=now())
    with pytest.raises(AlreadyShipped):
        ask_cancellation(parcel, MIND, "", at=now())
    sign_in(client, buyer)
    url = of_parcel(order, "cancellation")

    assert client.get(url).location.endswith(of_buyer(order))
    answer = client.post(url, data={"reason": "changed_mind"})

    assert "already sent with number" in text_of(client.get(answer.location))
    assert db.session.query(ParcelRequest).count() == 0


def test_a_parcel_that_has_not_come_cannot_be_sent_back(client, buyer, order):
    with pytest.raises(NotShipped):
        ask_return(the_parcel(order), MIND, "", at=now())
    sign_in(client, buyer)

    assert client.get(of_parcel(order, "return")).location.endswith(of_buyer(order))
    assert client.post(of_parcel(order, "return"), data={}).location.endswith(of_buyer(order))


def test_the_seventh_day_in_seoul_is_the_last_to_ask_for_a_return():
    parcel = delivered(the_parcel(a_paid_order()))
    last_minute = NOON.replace(day=25, hour=14, minute=59)

    with pytest.raises(ReturnTooLate):
        ask_return(parcel, BROKEN, "Torn", at=last_minute + timedelta(minutes=1))

    assert ask_return(parcel, BROKEN, "Torn", at=last_minute).is_open


def test_one_request_of_a_parcel_is_open_at_a_time(order):
    ask_cancellation(the_parcel(order), MIND, "", at=now())

    with pytest.raises(AlreadyAsked):
        ask_cancellation(the_parcel(order), MIND, "", at=now())


def test_what_is_not_paid_or_refunded_whole_cannot_be_asked_for(order, admin):
    with pytest.raises(NotPaid):
        ask_cancellation(the_parcel(an_order()), MIND, "", at=now())
    refund(order, 112_000, admin)
    with pytest.raises(NothingToRefund):
        ask_cancellation(the_parcel(order), MIND, "", at=now())


def test_another_buyers_parcel_does_not_exist(client, order):
    sign_in(client, a_user())

    assert client.get(of_parcel(order, "cancellation")).status_code == 404
    assert client.post(of_parcel(order, "cancellation")).status_code == 404


# While it is open


def test_a_parcel_to_be_canceled_is_not_sent(client, order):
    parcel = the_parcel(order)
    ask_cancellation(parcel, MIND, "", at=now())

    with pytest.raises(CancellationAsked):
        shipped(parcel, at=now())

    assert count_to_ship(parcel.cooperative) == 0
    sign_in(client, a_member(parcel.cooperative))
    here = f"/en/c/{parcel.cooperative.slug}/orders/{parcel.number}"
    answer = client.post(
        f"{here}/shipment", data={"carrier": "pos-ems", "tracking_number": EMS_NUMBER}
    )
    assert "has asked to cancel this parcel" in text_of(client.get(answer.location))
    assert the_parcel(order).state is ParcelState.WAITING


def test_the_money_is_held_while_a_return_is_asked_for(order, admin):
    parcel = delivered(the_parcel(order), at=now() - HELD_WINDOW)
    parcel.delivered_at = now() - timedelta(days=1)
    ask_return(parcel, BROKEN, "Torn", at=now())
    later = now() + HELD_WINDOW

    with pytest.raises(RequestOpen):
        release_parcel(parcel, at=later)
    assert release_due(later) == 0

    refuse_request(the_request(), "Photos show no damage.", by=admin, at=later)
    assert release_due(later) == 1


def test_both_desks_see_the_request_and_its_words(client, order, admin):
    parcel = delivered(the_parcel(order), at=now())
    ask_return(parcel, BROKEN, "The bag is torn.", at=now())

    sign_in(client, admin)
    home = text_of(client.get("/en/admin/"))
    assert f"/en/admin/orders/{order.number}#request-{parcel.number}" in home
    assert "Refund or refuse" in home
    assert "The bag is torn." in text_of(client.get(of_admin(order)))

    sign_in(client, a_member(parcel.cooperative))
    desk = f"/en/c/{parcel.cooperative.slug}"
    assert "1 buyer wants money back" in text_of(client.get(f"{desk}/"))
    assert parcel.number in text_of(client.get(f"{desk}/orders?tab=buyers"))
    assert "The bag is torn." in text_of(client.get(f"{desk}/orders/{parcel.number}"))


def test_the_members_who_send_parcels_are_told(order):
    member = a_member(the_parcel(order).cooperative)

    ask_cancellation(the_parcel(order), MIND, "", at=now())

    assert [mail.recipient for mail in mails("request_received")] == [member.email]


# Answering


def test_a_refund_of_everything_answers_a_cancellation_once_stripe_takes_it(
    client, buyer, order, admin
):
    ask_cancellation(the_parcel(order), MIND, "", at=now())
    decided = refund(order, 112_000, admin)
    assert the_request().is_being_refunded

    sent(decided)

    asked = the_request()
    assert (asked.refund_id, asked.answered_by, asked.refusal) == (decided.id, admin.id, None)
    assert [mail.facts["minor"] for mail in mails("request_granted")] == [112_000]
    sign_in(client, buyer)
    text = text_of(client.get(of_buyer(order)))
    assert "Refunded in full. This parcel is not sent." in text
    assert of_parcel(order, "cancellation") not in text
    assert "It went back to you with the refund" in text
    for page in (text, text_of(client.get("/en/orders"))):
        assert "This order was refunded" in page
        assert "preparing your order" not in page


def test_a_part_of_the_money_does_not_answer_a_cancellation(order, admin):
    ask_cancellation(the_parcel(order), MIND, "", at=now())

    sent(refund(order, 111_999, admin))
    assert the_request().is_open
    assert not the_request().is_being_refunded

    sent(refund(order, 1, admin))
    assert not the_request().is_open


def test_staff_decide_how_much_answers_a_return(order, admin):
    ask_return(delivered(the_parcel(order), at=now()), BROKEN, "One of two", at=now())

    sent(refund(order, 50_000, admin))

    assert not the_request().is_open


def test_a_refund_decided_before_does_not_answer_a_later_request(order, admin):
    parcel = delivered(the_parcel(order), at=now())
    early = refund(order, 1_000, admin)
    ask_return(parcel, BROKEN, "Torn", at=now())

    sent(early)

    assert the_request().is_open
    assert mails("request_granted") == []


def test_a_refund_that_stripe_refuses_leaves_the_request_open(order, admin):
    ask_return(delivered(the_parcel(order), at=now()), BROKEN, "Torn", at=now())
    decided = refund(order, 112_000, admin)
    payment = db.session.query(Payment).filter_by(reference=order.number).one()

    drop_refund(payment, find_refund(decided.number), at=now())

    asked = the_request()
    assert (asked.is_open, asked.refund_id) == (True, None)
    assert release_due(now() + HELD_WINDOW) == 0


def test_a_refusal_is_read_by_the_buyer_on_the_page_and_by_mail(client, buyer, order, admin):
    ask_cancellation(the_parcel(order), MIND, "", at=now())
    sign_in(client, admin)

    answer = client.post(refusal_of(order), data={"why": "It is at the post office already."})

    assert answer.location.endswith(of_admin(order))
    assert [mail.facts["why"] for mail in mails("request_refused")] == [
        "It is at the post office already."
    ]
    sign_in(client, buyer)
    text = text_of(client.get(of_buyer(order)))
    assert "It is at the post office already." in text
    assert of_parcel(order, "cancellation") in text
    assert shipped(the_parcel(order), at=now()).state is ParcelState.SHIPPED


def test_a_refusal_needs_words(client, order, admin):
    ask_cancellation(the_parcel(order), MIND, "", at=now())
    sign_in(client, admin)

    answer = client.post(refusal_of(order), data={"why": "  "})

    assert answer.status_code == 422
    assert 'href="#why"' in text_of(answer)
    assert the_request().is_open
    assert mails("request_refused") == []


def test_a_request_is_answered_once(order, admin):
    ask_cancellation(the_parcel(order), MIND, "", at=now())
    refuse_request(the_request(), "Sent already", by=admin, at=now())

    with pytest.raises(RequestAnswered):
        refuse_request(the_request(), "Sent already", by=admin, at=now())

    assert len(mails("request_refused")) == 1


def test_what_is_being_refunded_cannot_be_refused(order, admin):
    ask_cancellation(the_parcel(order), MIND, "", at=now())
    refund(order, 112_000, admin)

    with pytest.raises(RefundUnderway):
        refuse_request(the_request(), "No", by=admin, at=now())

    assert find_open_request(the_parcel(order)) is not None


@pytest.mark.parametrize(("role", "status"), [(None, 403), (Role.AUDITOR, 403), (Role.ADMIN, 404)])
def test_only_admins_refuse_and_only_requests_of_this_parcel(client, order, role, status):
    ask_cancellation(the_parcel(order), MIND, "", at=now())
    url = (
        refusal_of(order)
        if role is not Role.ADMIN
        else refusal_of(order).replace(f"requests/{the_request().id}", "requests/999")
    )
    sign_in(client, a_user(roles=(role,) if role else ()))

    assert client.post(url, data={"why": "No"}).status_code == status
    assert the_request().is_open


def test_an_admin_is_offered_the_whole_amount_that_was_asked_for(client, order, admin):
    ask_cancellation(the_parcel(order), MIND, "", at=now())
    sign_in(client, admin)

    assert 'value="112000"' in text_of(client.get(of_admin(order)))


def test_who_decides_a_refund_is_asked_about_this_parcel_this_amount_and_this_reason(
    client, order, admin
):
    sign_in(client, admin)

    asked = text_of(client.get(of_admin(order))).split('<div class="sure__ask')[1]

    question = asked.split("</div>")[0]
    assert the_parcel(order).number in question
    assert 'data-typed="amount" data-currency="KRW">as written above<' in question
    assert 'data-typed="reason">as written above<' in question


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
@pytest.mark.parametrize("kind", list(RequestKind))
def test_the_pages_and_mails_of_a_request_can_be_read(client, buyer, order, admin, lang, kind):
    parcel = the_parcel(order)
    a_member(parcel.cooperative)
    if kind is RequestKind.RETURN:
        delivered(parcel, at=now())
    sign_in(client, buyer)
    assert (
        client.get(f"/{lang}/orders/{order.number}/parcels/{parcel.number}/{kind}").status_code
        == 200
    )
    ask = ask_return if kind is RequestKind.RETURN else ask_cancellation
    ask(parcel, RequestReason.OTHER, "Words", at=now())
    refuse_request(the_request(), "Because", by=admin, at=now())
    ask(db.session.get(Parcel, parcel.id), MIND, "", at=now())
    sent(refund(order, 112_000, admin))

    for template in ("request_received", "request_refused", "request_granted"):
        for mail in mails(template):
            mail.locale = lang
            letter = compose(mail)
            assert parcel.number in letter["Subject"]
            assert mail.facts["path"] in letter.get_content()


def test_an_order_whose_parcels_are_all_to_be_canceled_says_that_it_waits_for_us(
    client, buyer, order
):
    sign_in(client, buyer)
    parcel = the_parcel(order)
    ask_cancellation(parcel, MIND, "", at=now())

    page = client.get(f"/en/orders/{order.number}").text

    assert "You asked to cancel, and we answer soon" in page
    assert "Waiting for our answer" in page
    assert "preparing your order" not in page
    assert "On the way to Korea" not in page
    assert "You asked to cancel, and we answer soon" in client.get("/en/orders").text


def test_the_headline_of_what_arrived_knows_of_the_parcel_that_was_canceled(client, buyer, admin):
    first, second = two_cooperatives()
    order = a_paid_order({first: 1, second: 1}, user=buyer, at=now())
    sent_parcel, other = list_parcels(order)
    deliver_parcel(shipped(sent_parcel, at=now()), at=now())
    ask_cancellation(other, MIND, "", at=now())

    def headlines():
        sign_in(client, buyer)
        mine = client.get(of_buyer(order)).text
        sign_in(client, admin)
        return mine, client.get(of_admin(order)).text

    mine, staff = headlines()
    assert "Part of your order has arrived" in mine
    assert "Sent in part; the buyer asks to cancel the rest." in staff

    everything = won(parts_left([other.id])[other.id].total)
    refund_order_part(order, other, everything, reason="Yes", by=admin, at=now())
    mine, staff = headlines()
    assert "Everything has arrived except what was canceled" in mine
    assert "Everything has arrived at the buyer except what was canceled." in staff


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_a_buyer_takes_a_request_back_and_the_parcel_goes_its_way(client, buyer, order, lang):
    sign_in(client, buyer)
    parcel = the_parcel(order)
    a_member(parcel.cooperative)
    asked = ask_cancellation(parcel, MIND, "", at=now())
    address = (
        f"/{lang}/orders/{order.number}/parcels/{parcel.number}/requests/{asked.id}/withdrawal"
    )
    assert f'action="{address}"' in client.get(f"/{lang}/orders/{order.number}").text

    for _ in range(2):
        client.post(address)

    assert find_open_request(parcel) is None
    assert asked.answered_at is None
    (told,) = mails("request_withdrawn")
    assert parcel.number in compose(told).get_content()
    assert shipped(parcel).state is ParcelState.SHIPPED


def test_what_is_answered_or_being_refunded_cannot_be_taken_back(order, admin):
    parcel = the_parcel(order)
    asked = ask_cancellation(parcel, MIND, "", at=now())
    refuse_request(asked, "Sent already", by=admin, at=now())
    with pytest.raises(RequestAnswered):
        withdraw_request(asked, at=now())

    again = ask_cancellation(parcel, MIND, "", at=now())
    refund(order, 112_000, admin)
    with pytest.raises(RefundUnderway):
        withdraw_request(again, at=now())


def test_after_taking_it_back_a_buyer_may_ask_again(order):
    parcel = the_parcel(order)
    asked = ask_cancellation(parcel, MIND, "", at=now())
    withdraw_request(asked, at=now())

    assert ask_cancellation(parcel, RequestReason.OTHER, "Two left", at=now()).is_open


def test_only_the_buyer_takes_a_request_back(client, order):
    parcel = the_parcel(order)
    asked = ask_cancellation(parcel, MIND, "", at=now())
    sign_in(client, a_user())

    answer = client.post(
        f"/en/orders/{order.number}/parcels/{parcel.number}/requests/{asked.id}/withdrawal"
    )

    assert answer.status_code == 404
    assert asked.is_open
