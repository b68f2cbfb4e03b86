"""Disputes: opened, won, lost while held, lost after the release; events late, twice, reversed."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from marketplace.accounts.models import Role
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import now
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance, credit_balance, entries_about
from marketplace.ledger.queries.audits import run_checks
from marketplace.orders.errors import DisputeOpen, DisputeRuled
from marketplace.orders.models import LotSide, ParcelDispute
from marketplace.orders.operations import (
    deliver_parcel,
    refund_order_part,
    release_due,
    release_parcel,
    rule_dispute,
)
from marketplace.orders.policies import HELD_WINDOW, NOTHING, Parts, dispute_parts
from marketplace.orders.queries import amount_left, owed_to, parts_left
from marketplace.orders.queries.disputes import get_loss
from marketplace.orders.queries.lots import lots_left
from marketplace.payments.disputes import look_at_open_disputes
from marketplace.payments.flows import open_checkout, settle
from marketplace.payments.models import Dispute, StripeEvent
from marketplace.payments.queries import get_paid_payment
from tests.factories import a_fund_of, a_posting, a_user
from tests.orders.test_pages import sign_in
from tests.orders.world import (
    a_market,
    a_market_with_an_order,
    an_order,
    shipped,
    the_parcel,
    two_cooperatives,
)
from tests.payments.test_checkout_session import a_session
from tests.stages import Stage, here

pytestmark = pytest.mark.usefixtures("database")

RATE = Decimal("11.80")
EVENTS = (
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
)


@pytest.fixture
def stage(request, stages) -> Stage:
    return stages(a_market_with_an_order if "order" in request.fixturenames else a_market)


@pytest.fixture
def order(stripe, stage):
    """An order of 112,000 won, really paid at the stand-in."""
    return paid(here(stage.things), stripe)


@pytest.fixture
def admin(database):
    return a_user("Admin", roles=(Role.ADMIN,))


def paid(order, stripe):
    payment = open_checkout(
        "order",
        order.number,
        order.total,
        [("Order", order.total, 1)],
        customer_email="buyer@example.com",
        locale="ko",
        success_url="https://shop.test/return",
        cancel_url="https://shop.test/order",
        at=now(),
    )
    stripe.pay(payment.session_id)
    settle(payment.session_id, at=now())
    return order


def disputed(order, stripe, **more):
    payment = get_paid_payment("order", order.number)
    answer = stripe.control("disputes", payment_intent=payment.payment_intent_id, **more)
    return answer["id"]


def ended(dispute_id, how, stripe):
    stripe.control(f"disputes/{dispute_id}/{how}")


def kinds(order):
    return sorted(e.kind for e in entries_about("order", order.number) if "dispute" in e.kind)


def released_now(order, *, at=None):
    at = at or now()
    parcel = shipped(the_parcel(order), at=at - HELD_WINDOW - timedelta(hours=1))
    deliver_parcel(parcel, at=at - HELD_WINDOW - timedelta(minutes=1))
    release_parcel(parcel, at=at)
    return parcel


def test_a_dispute_takes_the_payment_and_its_fee_out_of_stripe(client, order, stripe):
    before = balance("assets:stripe:krw").minor
    dispute_id = disputed(order, stripe)

    assert set(stripe.deliver_all(client, *EVENTS)) == {200}

    dispute = db.session.get(Dispute, dispute_id)
    assert (dispute.minor, dispute.is_open) == (112_000, True)
    assert balance("assets:disputes:krw") == won(112_000)
    assert dispute.fee_minor > 0
    assert balance("expenses:dispute-fee:krw") == won(dispute.fee_minor)
    assert balance("assets:stripe:krw").minor == before - 112_000 - dispute.fee_minor


def test_nothing_is_released_or_refunded_while_a_dispute_is_open(client, order, stripe, admin):
    at = now()
    parcel = shipped(the_parcel(order), at=at - timedelta(days=20))
    deliver_parcel(parcel, at=at - timedelta(days=15))
    disputed(order, stripe)
    stripe.deliver_all(client, *EVENTS)

    assert release_due(at) == 0
    with pytest.raises(DisputeOpen):
        release_parcel(parcel, at=at)
    with pytest.raises(DisputeOpen):
        refund_order_part(order, parcel, won(1), reason="Broken", by=admin, at=at)


def test_a_won_dispute_puts_everything_back(client, order, stripe):
    before = balance("assets:stripe:krw")
    dispute_id = disputed(order, stripe)
    ended(dispute_id, "won", stripe)

    stripe.deliver_all(client, *EVENTS)

    assert kinds(order) == ["dispute_opened", "dispute_won"]
    assert balance("assets:disputes:krw") == won(0)
    assert balance("expenses:dispute-fee:krw") == won(0)
    assert balance("assets:stripe:krw") == before
    assert amount_left(order) == won(112_000)


def test_lost_while_held_every_share_gives_its_part(client, order, stripe):
    parcel = the_parcel(order)
    ended(disputed(order, stripe), "lost", stripe)

    stripe.deliver_all(client, *EVENTS)

    assert kinds(order) == ["dispute_lost", "dispute_opened"]
    assert parts_left([parcel.id])[parcel.id] == NOTHING
    assert owed_to(parcel.cooperative).total == rupiah(0)
    for code in (
        "assets:disputes:krw",
        "equity:trading:idr-krw:krw",
        "equity:trading:idr-krw:idr",
        "liabilities:deferred-fee:krw",
        "liabilities:shipping:krw",
        "funds:village:held:krw",
    ):
        assert balance(code).minor == 0, code


def test_what_is_not_disputed_of_a_parcel_is_released_in_the_end(client, order, stripe):
    parcel = the_parcel(order)
    ended(disputed(order, stripe, amount=30_001), "lost", stripe)
    stripe.deliver_all(client, *EVENTS)

    released_now(order)

    left = parts_left([parcel.id])[parcel.id]
    assert left.total == 112_000 - 30_001
    assert credit_balance(f"liabilities:coop:{parcel.cooperative.slug}:payable:idr").minor == (
        left.owed
    )
    assert balance("assets:disputes:krw") == won(0)


def test_a_loss_is_divided_over_all_parcels_to_the_won(client, stripe):
    first, second = two_cooperatives()
    order = paid(an_order({first: 1, second: 1}, at=now()), stripe)
    ended(disputed(order, stripe), "lost", stripe)

    stripe.deliver_all(client, *EVENTS)

    losses = db.session.query(ParcelDispute).all()
    assert sum(loss.minor for loss in losses) == order.total_minor
    assert len(losses) == 2
    assert balance("assets:disputes:krw") == won(0)


def test_events_in_any_order_and_twice_end_the_same(client, order, stripe):
    dispute_id = disputed(order, stripe)
    ended(dispute_id, "won", stripe)
    events = stripe.events(*EVENTS)

    for event in [*reversed(events), *events, *events]:
        assert stripe.deliver(client, event).status_code == 200

    assert kinds(order) == ["dispute_opened", "dispute_won"]
    assert db.session.query(Dispute).count() == 1


def test_a_dispute_heard_of_before_its_payment_settles_that_first(client, stripe):
    order = an_order(at=now())
    payment = a_session(order)
    stripe.pay(payment.session_id)
    intent = stripe.events("payment_intent.succeeded")[0]["data"]["object"]["id"]
    stripe.control("disputes", payment_intent=intent)

    assert set(stripe.deliver_all(client, "charge.dispute.created")) == {200}

    assert kinds(order) == ["dispute_opened"]
    assert balance("assets:disputes:krw") == won(112_000)


def test_events_that_got_lost_are_made_up_for(client, order, stripe):
    dispute_id = disputed(order, stripe)
    stripe.deliver_all(client, "charge.dispute.created")
    ended(dispute_id, "lost", stripe)

    assert look_at_open_disputes(at=now()) == 1

    assert kinds(order) == ["dispute_lost", "dispute_opened"]
    assert look_at_open_disputes(at=now()) == 0


def test_an_event_while_stripe_is_silent_is_asked_for_again(client, order, stripe):
    disputed(order, stripe)
    (event,) = stripe.events("charge.dispute.created")
    stripe.control("faults", kind="drop_before", operation="Dispute.retrieve", times=3)

    assert stripe.deliver(client, event).status_code >= 400
    assert kinds(order) == []
    assert stripe.deliver(client, event).status_code == 200
    assert kinds(order) == ["dispute_opened"]


def test_a_dispute_of_a_strangers_payment_is_noted_as_a_problem(client, order, stripe):
    dispute_id = disputed(order, stripe)
    payment = get_paid_payment("order", order.number)
    payment.payment_intent_id, payment.session_id = "pi_other", None
    db.session.flush()

    stripe.deliver_all(client, "charge.dispute.created")

    event = db.session.query(StripeEvent).filter_by(kind="charge.dispute.created").one()
    assert event.problem == "dispute of an unknown payment"
    assert db.session.get(Dispute, dispute_id) is None


def breaches():
    a_posting({"assets:bank": won(1_000_000), "equity:opening": won(-1_000_000)})
    return [(r.rule, b.message, b.facts) for r in run_checks(now()) for b in r.breaches]


@pytest.mark.parametrize("end", ["won", "lost"])
def test_the_books_pass_their_audit_with_a_dispute(client, order, stripe, end):
    ended(disputed(order, stripe), end, stripe)
    stripe.deliver_all(client, *EVENTS)

    assert breaches() == []


class TestAfterTheRelease:
    @pytest.fixture
    def loss(self, client, order, stripe):
        parcel = released_now(order)
        dispute_id = disputed(order, stripe)
        ended(dispute_id, "lost", stripe)
        stripe.deliver_all(client, *EVENTS)
        return get_loss(dispute_id, parcel.number)

    def test_it_waits_for_a_person(self, loss, order):
        assert loss.waits
        assert kinds(order) == ["dispute_opened"]
        assert balance("assets:disputes:krw") == won(112_000)

    def test_without_fault_the_reserve_bears_it_and_we_what_it_lacks(self, loss, order, admin):
        a_fund_of(won(30_000), "funds:refund-reserve")
        slug = loss.parcel.cooperative.slug
        owed = credit_balance(f"liabilities:coop:{slug}:payable:idr")

        rule_dispute(loss, is_at_fault=False, reason="Stolen card", by=admin.id, at=now())

        assert kinds(order) == ["dispute_borne", "dispute_opened"]
        assert balance("assets:disputes:krw") == won(0)
        assert credit_balance("funds:refund-reserve:krw") == won(0)
        # The order's own share has fed the reserve with 150.
        assert balance("expenses:refund-cover:krw") == won(69_850)
        assert balance("expenses:shipping-loss:krw") == won(12_000)
        assert credit_balance(f"liabilities:coop:{slug}:payable:idr") == owed

    def test_at_fault_the_cooperative_gives_its_part_back(self, loss, order, admin):
        cooperative = loss.parcel.cooperative
        payable = f"liabilities:coop:{cooperative.slug}:payable:idr"

        rule_dispute(loss, is_at_fault=True, reason="Never sent", by=admin.id, at=now())

        assert kinds(order) == ["dispute_charged", "dispute_opened"]
        assert balance("assets:disputes:krw") == won(0)
        assert credit_balance(payable) == rupiah(0)
        assert balance("equity:trading:idr-krw:krw") == won(0)
        assert lots_left(cooperative.id, LotSide.PAYABLE) == []
        assert balance("expenses:shipping-loss:krw") == won(12_000)

    @pytest.mark.parametrize("is_at_fault", [True, False])
    def test_the_books_pass_their_audit(self, loss, admin, is_at_fault):
        rule_dispute(loss, is_at_fault=is_at_fault, reason="Seen", by=admin.id, at=now())

        assert breaches() == []

    def test_it_is_ruled_once(self, loss, admin):
        rule_dispute(loss, is_at_fault=False, reason="Stolen card", by=admin.id, at=now())
        entries = db.session.query(LedgerEntry).count()

        with pytest.raises(DisputeRuled):
            rule_dispute(loss, is_at_fault=True, reason="Never sent", by=admin.id, at=now())
        assert db.session.query(LedgerEntry).count() == entries


class TestOnPages:
    HERE = "/en/admin/disputes"

    @pytest.fixture
    def loss(self, client, order, stripe):
        parcel = released_now(order)
        dispute_id = disputed(order, stripe)
        ended(dispute_id, "lost", stripe)
        stripe.deliver_all(client, *EVENTS)
        return get_loss(dispute_id, parcel.number)

    def ruling(self, client, loss, **fields):
        number = loss.parcel.number
        return client.post(
            f"{self.HERE}/{loss.dispute_id}/parcels/{number}/ruling",
            data={f"{number}-{name}": value for name, value in fields.items()},
        )

    @pytest.mark.parametrize("language", ["en", "ko", "id"])
    def test_a_loss_waits_in_the_list_and_on_its_page(self, client, admin, loss, order, language):
        sign_in(client, admin)
        here = f"/{language}/admin/disputes"

        assert order.number in client.get(f"{here}/").text
        page = client.get(f"{here}/{loss.dispute_id}").text
        assert loss.parcel.number in page
        assert f'name="{loss.parcel.number}-reason"' in page

    def test_it_waits_on_the_home_of_the_staff_until_it_is_decided(self, client, admin, loss):
        sign_in(client, admin)
        link = f"/en/admin/disputes/{loss.dispute_id}"

        assert link in client.get("/en/admin/").text
        rule_dispute(loss, is_at_fault=False, reason="Stolen", by=admin.id, at=now())
        assert link not in client.get("/en/admin/").text

    def test_an_admin_decides_with_a_reason(self, client, admin, loss):
        sign_in(client, admin)

        answer = self.ruling(client, loss, fault="yes", reason="Never sent")

        assert answer.status_code == 302
        page = client.get(f"{self.HERE}/{loss.dispute_id}").text
        assert "Never sent" in page
        assert "The cooperative bears its part." in page

    def test_without_a_reason_nothing_is_decided_and_the_choice_stays(self, client, admin, loss):
        sign_in(client, admin)

        answer = self.ruling(client, loss, fault="yes", reason=" ")

        assert answer.status_code == 422
        assert "Please fill this in." in answer.text
        assert re.search(r'<input checked [^>]*value="yes"', answer.text)
        assert db.session.get(ParcelDispute, loss.id).waits

    def test_an_auditor_reads_and_decides_nothing(self, client, loss):
        sign_in(client, a_user("Auditor", roles=(Role.AUDITOR,), locale="en"))

        page = client.get(f"{self.HERE}/{loss.dispute_id}")

        assert page.status_code == 200
        assert "An administrator decides who bears this." in page.text
        assert self.ruling(client, loss, fault="no", reason="x").status_code == 403

    def test_an_open_dispute_is_told_on_its_page(self, client, admin, order, stripe):
        dispute_id = disputed(order, stripe)
        stripe.deliver_all(client, *EVENTS)
        sign_in(client, admin)

        page = client.get(f"{self.HERE}/{dispute_id}").text

        assert "Nothing of this order is released until then." in page


@pytest.mark.parametrize("amount", [1, 2, 3, 17, 30_001, 61_999, 62_000])
def test_parts_of_a_dispute_add_up_and_never_pass_what_is_left(amount):
    left = Parts(46_000, 2_500, 1_500, 12_000, 54_280_000)
    parts = dispute_parts(left, amount, RATE)

    assert parts.total == amount
    rest = left - parts
    assert min(rest.cooperative, rest.service, rest.village_share, rest.shipping, rest.owed) >= 0
    assert dispute_parts(rest, rest.total, RATE) == rest if rest.total else True
