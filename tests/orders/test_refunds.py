"""Refunds: decided, sent, booked – and what happens when Stripe says no, or nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from marketplace.accounts.models import Role, User
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.ledger.queries import balance, credit_balance, entries_about
from marketplace.orders.errors import (
    NotPaid,
    ParcelRefunded,
    RefundTooLarge,
    RefundUnderway,
    ReleaseTooEarly,
)
from marketplace.orders.models import LotSide, Order, OrderRefund, ParcelState, RequestReason
from marketplace.orders.operations import (
    ask_return,
    deliver_parcel,
    refund_order_part,
    release_due,
    release_parcel,
)
from marketplace.orders.policies import HELD_WINDOW, NOTHING
from marketplace.orders.queries import (
    amount_left,
    count_to_ship,
    list_parcels_of,
    list_refunds,
    owed_to,
    parts_left,
)
from marketplace.orders.queries.lots import lots_left
from marketplace.payments.flows import send_refund, settle
from marketplace.payments.models import Refund, RefundState
from marketplace.payments.queries import find_refund
from marketplace.reinvestment.errors import FundExhausted
from marketplace.reinvestment.queries import trace_order
from tests.factories import a_fund_of, a_member, a_user
from tests.orders.test_pages import sign_in
from tests.orders.world import (
    EMS_NUMBER,
    a_market,
    a_market_with_an_order,
    an_order,
    delivered,
    released,
    shipped,
    the_parcel,
)
from tests.payments.test_checkout_session import a_session
from tests.reinvestment.world import a_program, approved
from tests.stages import Stage, here

pytestmark = pytest.mark.usefixtures("database")

FUNDS = tuple(SHARE_FUNDS.values())
NO_MONEY = (
    "equity:trading:idr-krw:krw",
    "equity:trading:idr-krw:idr",
    "liabilities:deferred-fee:krw",
    "liabilities:shipping:krw",
    "funds:village:held:krw",
)


@pytest.fixture
def stage(request, stages) -> Stage:
    return stages(a_market_with_an_order if "order" in request.fixturenames else a_market)


@pytest.fixture
def order(stripe, stage):
    """An order of 112,000 won, really paid at the stand-in."""
    placed = here(stage.things)
    payment = a_session(placed)
    stripe.pay(payment.session_id)
    settle(payment.session_id, at=now())
    return placed


@pytest.fixture
def admin(database):
    return a_user("Admin", roles=(Role.ADMIN,))


def decided(order, amount, by, *, at=None):
    return refund_order_part(
        order, the_parcel(order), won(amount), reason="Broken", by=by, at=at or now()
    )


def refunded(order, amount, by):
    refund = decided(order, amount, by)
    send_refund(find_refund(refund.number), at=now())
    return db.session.get(OrderRefund, refund.id, populate_existing=True)


def test_a_partial_refund_reverses_every_share_to_the_won(order, admin):
    refund = refunded(order, 50_000, admin)

    entry = next(e for e in entries_about("order", order.number) if e.kind == "refund")
    assert entry.id == refund.entry_id
    assert {(p.code, p.amount.minor) for p in entry.postings} == {
        ("assets:stripe:krw", -50_000),
        ("equity:trading:idr-krw:krw", 46_000),
        ("liabilities:deferred-fee:krw", 2_500),
        ("funds:village:held:krw", 1_500),
        ("equity:trading:idr-krw:idr", -542_800_00),
        (f"liabilities:coop:{the_parcel(order).cooperative.slug}:held:idr", 542_800_00),
    }
    assert amount_left(order) == won(62_000)


def test_refunds_in_pieces_end_at_nothing(order, admin):
    for amount in (1, 33_333, 17, 60_000):
        refunded(order, amount, admin)
    refunded(order, amount_left(order).minor, admin)

    parcel = the_parcel(order)
    assert parts_left([parcel.id])[parcel.id] == NOTHING
    assert [balance(code).minor for code in NO_MONEY] == [0, 0, 0, 0, 0]
    assert owed_to(parcel.cooperative).total == rupiah(0)
    assert [refund.seq for refund in list_refunds(order)] == [1, 2, 3, 4, 5]


def test_more_than_is_left_is_refused_and_nothing_is_written(order, admin):
    refunded(order, 100_000, admin)

    with pytest.raises(RefundTooLarge) as refused:
        decided(order, 12_001, admin)

    assert refused.value.facts == {"left": won(12_000)}
    assert db.session.query(OrderRefund).count() == 1
    assert db.session.query(Refund).count() == 1


def test_an_unpaid_order_cannot_be_refunded(admin):
    placed = an_order()

    with pytest.raises(NotPaid):
        decided(placed, 1, admin)
    assert db.session.query(OrderRefund).count() == 0


def test_a_refund_that_stripe_refuses_counts_no_more(order, admin, stripe):
    stripe.control("faults", kind="error", operation="Refund.create", status=400)

    refund = refunded(order, 112_000, admin)

    assert refund.failed_at is not None
    assert refund.entry_id is None
    assert amount_left(order) == won(112_000)
    assert balance("liabilities:shipping:krw") == won(-12_000)


def test_a_refund_without_an_answer_is_sent_again_with_the_same_key(order, admin, stripe):
    stripe.control("faults", kind="drop_after", operation="Refund.create", times=3)
    refund = refunded(order, 10_000, admin)
    assert refund.entry_id is None

    send_refund(find_refund(refund.number), at=now())

    assert db.session.get(OrderRefund, refund.id, populate_existing=True).entry_id is not None
    charge = stripe.show("events")["events"]
    assert sum(event["type"] == "refund.created" for event in charge) == 1


def test_a_refund_that_bounces_is_owed_to_the_buyer(order, admin, stripe, client):
    refund = refunded(order, 10_000, admin)
    stripe_id = find_refund(refund.number).stripe_id
    stripe.control(f"refunds/{stripe_id}/fail", reason="expired_or_canceled_card")

    stripe.deliver_all(client)

    assert find_refund(refund.number).state is RefundState.FAILED
    assert balance("liabilities:buyers:krw") == won(-10_000)


def test_the_webhook_and_the_answer_book_a_refund_once(order, admin, stripe, client):
    refunded(order, 10_000, admin)

    stripe.deliver_all(client)
    stripe.deliver_all(client)

    kinds = [entry.kind for entry in entries_about("order", order.number)]
    assert kinds.count("refund") == 1


def test_after_the_release_the_share_comes_back_from_where_it_lies(order, admin):
    parcel = released(the_parcel(order), at=now() + timedelta(days=8))

    refunded(order, 50_000, admin)

    left = {name: balance(f"{path}:krw").minor for name, path in SHARE_FUNDS.items()}
    assert left == {"programs": -1_050, "training": -225, "youth": -150, "reserve": -75}
    assert balance("expenses:refund-cover:krw") == won(0)
    assert balance("income:platform-fee:krw") == won(-2_500)
    assert owed_to(parcel.cooperative).payable == rupiah(542_800)


def test_refunds_in_pieces_after_the_release_leave_no_won_behind(order, admin):
    released(the_parcel(order), at=now() + timedelta(days=8))

    for amount in (1, 33_333, 17, 60_000):
        refunded(order, amount, admin)
    refunded(order, amount_left(order).minor, admin)

    assert [balance(f"{path}:krw").minor for path in FUNDS] == [0, 0, 0, 0]
    assert [balance(code).minor for code in NO_MONEY] == [0, 0, 0, 0, 0]
    assert balance("expenses:refund-cover:krw") == won(0)
    assert lots_left(the_parcel(order).cooperative_id, LotSide.PAYABLE) == []


def test_a_program_keeps_what_it_was_given_and_the_reserve_for_refunds_gives(order, admin):
    released(the_parcel(order), at=now() + timedelta(days=8))
    approved(a_program(2_100))
    a_fund_of(won(300), "funds:refund-reserve")

    refunded(order, 100_000, admin)

    assert balance("funds:village:programs:krw") == won(0)
    assert credit_balance("funds:refund-reserve:krw") == won(0)
    # 3,000 won of share: 900 lay unspent in the other funds, 300 more in the reserve.
    assert balance("expenses:refund-cover:krw") == won(1_800)
    assert trace_order(order.number).total == won(2_100)


def test_the_reserve_that_other_shares_feed_pays_what_a_program_has(order, admin, stripe):
    other = an_order(at=now())
    payment = a_session(other)
    stripe.pay(payment.session_id)
    settle(payment.session_id, at=now())
    for one in (order, other):
        released(the_parcel(one), at=now() + timedelta(days=8))
    approved(a_program(4_200))
    assert credit_balance("funds:refund-reserve:krw") == won(300)

    refunded(order, 100_000, admin)

    # 450 and 300 of its own, 150 of its own part of the reserve, 150 of the other order's part.
    assert credit_balance("funds:refund-reserve:krw") == won(0)
    assert balance("expenses:refund-cover:krw") == won(1_950)

    refunded(other, 100_000, admin)

    # Its own part of the reserve is gone: nothing is taken twice, the rest we bear.
    assert credit_balance("funds:refund-reserve:krw") == won(0)
    assert balance("expenses:refund-cover:krw") == won(1_950 + 2_250)


def test_what_a_refund_took_of_a_fund_cannot_be_allocated(order, admin):
    released(the_parcel(order), at=now() + timedelta(days=8))
    refunded(order, 50_000, admin)

    with pytest.raises(FundExhausted) as refused:
        approved(a_program(1_051))

    assert refused.value.facts == {"available": won(1_050)}
    approved(a_program(1_050))
    assert balance("funds:village:programs:krw") == won(0)


def test_money_stays_held_while_a_refund_is_on_its_way(order, admin):
    parcel = delivered(the_parcel(order), at=now() - HELD_WINDOW)
    decided(order, 10_000, admin)

    with pytest.raises(RefundUnderway):
        release_parcel(parcel, at=now())

    assert release_due(now()) == 0
    assert the_parcel(order).released_at is None


def test_what_is_left_after_a_refund_is_released(order, admin):
    refunded(order, 50_000, admin)
    deliver_parcel(shipped(the_parcel(order)), at=now() - HELD_WINDOW)

    assert release_due(now()) == 1

    assert owed_to(the_parcel(order).cooperative).payable == rupiah(542_800)
    assert balance("funds:village:held:krw") == won(0)
    assert balance("funds:village:programs:krw") == won(-1_050)


def test_a_wholly_refunded_parcel_releases_nothing(order, admin):
    deliver_parcel(shipped(the_parcel(order)), at=now() - HELD_WINDOW)
    refunded(order, 112_000, admin)

    assert release_due(now()) == 1
    assert owed_to(the_parcel(order).cooperative).total == rupiah(0)
    with pytest.raises(RefundTooLarge):
        decided(order, 1, admin)


def test_the_release_waits_for_its_window(order):
    parcel = delivered(the_parcel(order), at=now())

    with pytest.raises(ReleaseTooEarly):
        release_parcel(parcel, at=now() + HELD_WINDOW - timedelta(seconds=1))


def test_an_admin_refunds_by_hand_and_sees_the_entry(client, order, admin):
    sign_in(client, admin)
    parcel = the_parcel(order)

    answer = client.post(
        f"/en/admin/orders/{order.number}/parcels/{parcel.number}/refunds",
        data={"amount": "50000", "reason": "One bag was torn", "seen": "0"},
    )

    assert answer.status_code == 302
    page = client.get(answer.location).get_data(as_text=True)
    assert f"{order.number}-R1" in page
    assert "₩50,000" in page or "50,000" in page
    assert db.session.query(OrderRefund).one().entry_id is not None


@pytest.mark.parametrize(
    ("amount", "reason"), [("112001", "x"), ("0", "x"), ("", "x"), ("abc", "x"), ("100", "")]
)
def test_a_wrong_refund_form_is_shown_again_and_refunds_nothing(
    client, order, admin, amount, reason
):
    sign_in(client, admin)
    url = f"/en/admin/orders/{order.number}/parcels/{the_parcel(order).number}/refunds"

    answer = client.post(url, data={"amount": amount, "reason": reason, "seen": "0"})

    assert answer.status_code == 422
    assert f'value="{amount}"' in answer.get_data(as_text=True)
    assert db.session.query(OrderRefund).count() == 0


@pytest.mark.parametrize(("role", "status"), [(None, 403), (Role.AUDITOR, 403)])
def test_only_admins_refund(client, order, role, status):
    sign_in(client, a_user(roles=(role,) if role else ()))
    url = f"/en/admin/orders/{order.number}/parcels/{the_parcel(order).number}/refunds"

    assert client.post(url, data={"amount": "1", "reason": "x", "seen": "0"}).status_code == status
    assert db.session.query(OrderRefund).count() == 0


@pytest.mark.parametrize(("role", "status"), [(None, 403), (Role.AUDITOR, 200), (Role.ADMIN, 200)])
def test_staff_read_orders(client, order, role, status):
    sign_in(client, a_user(roles=(role,) if role else ()))

    assert client.get("/en/admin/orders/").status_code == status
    assert client.get(f"/en/admin/orders/?state=paid&number={order.number}").status_code == status
    assert client.get(f"/en/admin/orders/{order.number}").status_code == status
    assert db.session.query(Order).count() == 1


def test_a_parcel_whose_goods_are_refunded_is_not_to_be_sent(client, order, admin):
    decided(order, 100_000, admin)
    parcel = the_parcel(order)

    with pytest.raises(ParcelRefunded):
        shipped(parcel)

    assert the_parcel(order).state is ParcelState.WAITING
    assert db.session.query(OutboxMessage).filter_by(template="parcel_shipped").count() == 0
    assert count_to_ship(parcel.cooperative) == 0
    assert list_parcels_of(parcel.cooperative, ParcelState.WAITING, page=1) == ([], 0)


def test_the_desk_says_that_a_parcel_was_refunded(client, order, admin):
    decided(order, 100_000, admin)
    parcel = the_parcel(order)
    sign_in(client, a_member(parcel.cooperative))
    desk = f"/en/c/{parcel.cooperative.slug}"
    here = f"{desk}/orders/{parcel.number}"

    text = client.get(here).get_data(as_text=True)
    answer = client.post(
        f"{here}/shipment", data={"carrier": "pos-ems", "tracking_number": EMS_NUMBER}
    )

    assert "Do not send this parcel" in text
    assert "/shipment" not in text
    assert answer.location.endswith(here)
    assert parcel.number not in client.get(f"{desk}/").get_data(as_text=True)
    assert "Refunded, not to be sent" in client.get(f"{desk}/orders?tab=done").get_data(
        as_text=True
    )


def test_a_parcel_refunded_in_part_is_still_to_be_sent(order, admin):
    decided(order, 99_999, admin)

    assert count_to_ship(the_parcel(order).cooperative) == 1
    assert shipped(the_parcel(order)).state is ParcelState.SHIPPED


@pytest.mark.parametrize("amount", ["9" * 30, "1000000001", "0", "-5"])
def test_an_impossible_amount_is_asked_for_again(client, order, admin, amount):
    sign_in(client, admin)

    answer = client.post(
        f"/en/admin/orders/{order.number}/parcels/{the_parcel(order).number}/refunds",
        data={"amount": amount, "reason": "Broken", "seen": "0"},
    )

    assert answer.status_code == 422
    assert list_refunds(order) == []


def test_a_second_tap_refunds_nothing_more(client, order, admin):
    sign_in(client, admin)
    url = f"/en/admin/orders/{order.number}/parcels/{the_parcel(order).number}/refunds"
    form = {"amount": "333", "reason": "Torn", "seen": "0"}

    first, second = client.post(url, data=form), client.post(url, data=form)

    assert (first.status_code, second.status_code) == (302, 422)
    assert "Another refund of this order was decided" in second.get_data(as_text=True)
    assert [refund.minor for refund in list_refunds(order)] == [333]


def test_a_refund_sent_after_the_session_ended_comes_back_as_it_was_typed(client, order, admin):
    page = f"/en/admin/orders/{order.number}"
    client.post(
        f"{page}/parcels/{the_parcel(order).number}/refunds",
        data={"amount": "5000", "reason": "One bag was torn", "seen": "0"},
        headers={"Referer": f"http://localhost{page}"},
    )
    sign_in(client, admin)

    text = client.get(page).get_data(as_text=True)

    assert 'value="5000"' in text
    assert 'value="One bag was torn"' in text
    assert "This is not saved yet" in text
    assert db.session.query(OrderRefund).count() == 0


def test_the_buyer_of_refunded_goods_is_not_told_that_they_are_packed(client, order, admin):
    refunded(order, 100_000, admin)
    sign_in(client, db.session.get_one(User, order.user_id))

    text = client.get(f"/en/orders/{order.number}").get_data(as_text=True)

    assert "This order was refunded" in text
    assert "The goods were refunded. This parcel is not sent." in text
    assert "Packed by the cooperative" not in text
    assert "Cancel this parcel" not in text


def test_the_buyer_of_a_refunded_parcel_need_not_say_that_it_arrived(client, order, admin):
    parcel = shipped(the_parcel(order), at=now())
    refunded(order, 112_000, admin)
    sign_in(client, db.session.get_one(User, order.user_id))

    text = client.get(f"/en/orders/{order.number}").get_data(as_text=True)
    sign_in(client, a_member(parcel.cooperative))
    desk = f"/en/c/{parcel.cooperative.slug}"
    number_page = client.get(f"{desk}/orders/{parcel.number}").get_data(as_text=True)
    money = client.get(f"{desk}/payouts").get_data(as_text=True)

    assert "It has arrived" not in text
    assert "On the way to Korea" not in text
    assert "Correct the number" not in number_page
    assert "held, on the way" not in money
    assert ">refunded" in money


def test_after_a_refund_the_buyer_sees_what_is_left_of_the_division(client, order, admin):
    refunded(order, 50_000, admin)
    sign_in(client, db.session.get_one(User, order.user_id))

    text = re.sub(r"\s+", " ", client.get(f"/en/orders/{order.number}").get_data(as_text=True))

    assert "₩1,500 of ₩50,000 for goods" in text
    assert "What went back to you, ₩50,000, is no longer in it." in text
    assert re.search(r"Paid</dt><dd[^>]*>₩112,000", text)
    assert re.search(r"After refunds</dt><dd[^>]*>₩62,000", text)


def test_a_refund_that_is_not_booked_yet_does_not_agree_with_the_ledger(client, order, admin):
    decided(order, 50_000, admin)
    sign_in(client, db.session.get_one(User, order.user_id))

    assert "Not in the ledger yet" in client.get(f"/en/orders/{order.number}").text


def test_the_cooperative_reads_what_was_refunded_before_it_packs(client, order, admin):
    refunded(order, 50_000, admin)
    parcel = the_parcel(order)
    sign_in(client, a_member(parcel.cooperative))

    text = client.get(f"/en/c/{parcel.cooperative.slug}/orders/{parcel.number}").text

    assert "Refund of ₩50,000" in text
    assert db.session.query(OrderRefund).one().reason in text
    assert re.search(r"<dt>Declared value</dt><dd>₩50,000", text)


@pytest.mark.parametrize("asks", [True, False])
def test_a_part_of_the_money_is_called_a_part_on_every_page(client, order, admin, asks):
    parcel = delivered(the_parcel(order), at=now())
    if asks:
        ask_return(parcel, RequestReason.BROKEN, "One of two", at=now())
    refunded(order, 3_001, admin)
    pages = [
        (db.session.get(User, order.user_id), f"/en/orders/{order.number}"),
        (admin, f"/en/admin/orders/{order.number}"),
        (a_member(parcel.cooperative), f"/en/c/{parcel.cooperative.slug}/orders/{parcel.number}"),
    ]

    texts = []
    for reader, page in pages:
        sign_in(client, reader)
        texts.append(client.get(page).text)

    buyer, _staff, cooperative = texts
    for text in texts:
        assert "partly refunded, ₩3,001" in text
    assert not re.search(r">\s*refunded\s*<", buyer + cooperative)
    assert "Send goods back" in buyer
    assert "for what is not refunded yet, ₩96,999" in buyer
    assert "Refund of ₩3,001" in cooperative


def test_goods_are_sent_back_for_what_is_not_refunded_yet_only(client, order, admin):
    parcel = delivered(the_parcel(order), at=now())
    sign_in(client, db.session.get(User, order.user_id))
    page, ask = f"/en/orders/{order.number}", f"parcels/{parcel.number}/return"

    before = client.get(f"{page}/{ask}").text
    refunded(order, 50_000, admin)
    partly = client.get(f"{page}/{ask}").text
    refunded(order, 50_000, admin)
    whole = client.get(page).text

    assert "refunded already" not in before
    assert (
        "₩50,000 of this parcel were refunded already. You can ask for the other goods, ₩50,000."
        in partly
    )
    assert "Send goods back" not in whole
    assert client.get(f"{page}/{ask}").status_code == 302


def test_the_declared_value_of_a_parcel_stays_what_it_was_when_it_was_sent(client, order, admin):
    refunded(order, 30_000, admin)
    parcel = shipped(the_parcel(order), at=now())
    refunded(order, 20_000, admin)
    sign_in(client, a_member(parcel.cooperative))
    here = f"/en/c/{parcel.cooperative.slug}/orders/{parcel.number}"

    assert re.search(r"<dt>Declared value</dt><dd>₩70,000", client.get(here).text)

    refunded(order, 50_000, admin)

    assert re.search(r"<dt>Declared value</dt><dd>₩70,000", client.get(here).text)


@pytest.mark.parametrize("typed", ["5,001", "5.001", "5001"])
def test_an_amount_is_read_as_the_pages_write_it(client, order, admin, typed):
    sign_in(client, admin)
    url = f"/en/admin/orders/{order.number}/parcels/{the_parcel(order).number}/refunds"

    client.post(url, data={"amount": typed, "reason": "x", "seen": "0"})

    assert db.session.query(OrderRefund).one().minor == 5001


def test_a_wrong_amount_gets_one_sentence_in_our_words(client, order, admin):
    sign_in(client, admin)
    url = f"/en/admin/orders/{order.number}/parcels/{the_parcel(order).number}/refunds"

    text = client.post(url, data={"amount": "5,0", "reason": "x", "seen": "0"}).text

    assert text.count('<p class="err">') == 1
    assert "Write whole won, for example 2500000." in text


def test_the_staff_read_numbers_of_entries_and_a_sentence_for_them(client, order, admin):
    sign_in(client, admin)

    text = client.get(f"/id/admin/orders/{order.number}").text

    assert "Sudah dibayar; koperasi belum mengirimnya." in text
    assert f"Pesanan {order.number} dibayar" in text
    assert f"sale:{order.number}" not in text
