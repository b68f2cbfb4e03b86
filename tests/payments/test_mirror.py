"""The mirror of Stripe: every line kept once, matched to one of ours, unknown ones to a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from devtools.stripe_standin.money import Fees
from marketplace.accounts.models import Role
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance
from marketplace.ledger.queries.audits import run_checks
from marketplace.payments.errors import LineClassified, NotAPlaceForIt, StripeUnavailable
from marketplace.payments.flows import settle
from marketplace.payments.mirror import classify_line, match_lines, mirror_lines, sync
from marketplace.payments.models import ReconMatch, StripeLine
from marketplace.payments.queries import get_paid_payment
from marketplace.payments.recon_queries import (
    count_unmatched_lines,
    list_payouts_on_the_way,
    list_unclear_lines,
)
from tests.factories import a_user
from tests.ledger.tampering import tamper
from tests.orders.test_pages import sign_in
from tests.orders.world import an_order
from tests.payments.test_checkout_session import a_session

pytestmark = pytest.mark.usefixtures("database")

EVENTS = ("charge.dispute.created", "charge.dispute.closed")


@pytest.fixture(params=["usd", "krw"])
def stripe(stripe, stripe_server, request):
    """Stripe settling in dollars, and in the won of the books."""
    engine = stripe_server.service.engine
    before = engine.fees
    engine.fees = Fees("KR", request.param, fixed=30)
    yield stripe
    engine.fees = before


def a_sale(stripe):
    order = an_order(at=now())
    payment = a_session(order)
    stripe.pay(payment.session_id)
    settle(payment.session_id, at=now())
    return order


def an_odd_line(stripe, category="risk_reserved_funds", amount=-700):
    """A line of a kind that is not in our table."""
    engine = stripe.server.service.engine
    from devtools.stripe_standin.engine import Context

    return engine.post(
        Context(engine.platform),
        amount=amount,
        currency=engine.fees.settlement,
        type="adjustment",
        category=category,
        source=None,
    )["id"]


def broken(at):
    rules = ("I11", "I12")
    return [b.message for r in run_checks(at) if r.rule in rules for b in r.breaches]


def tomorrow():
    return now() + timedelta(days=2)


def test_a_payment_and_its_fee_are_matched_line_by_line(stripe):
    a_sale(stripe)

    assert sync(at=now()) == 1

    assert count_unmatched_lines() == 0
    assert sorted(m.part for m in db.session.query(ReconMatch)) == ["fee", "gross"]
    assert broken(tomorrow()) == []


def test_looking_again_adds_nothing(stripe):
    a_sale(stripe)
    sync(at=now())
    entries = db.session.query(LedgerEntry).count()

    assert sync(at=now()) == 0
    assert db.session.query(StripeLine).count() == 1
    assert db.session.query(ReconMatch).count() == 2
    assert db.session.query(LedgerEntry).count() == entries


def test_more_lines_than_a_page_all_come(stripe):
    for _ in range(130):
        an_odd_line(stripe)

    assert mirror_lines(at=now()) == 130


def test_disputes_whose_events_were_lost_are_heard_of_by_their_lines(stripe):
    order = a_sale(stripe)
    intent = get_paid_payment("order", order.number).payment_intent_id
    dispute = stripe.control("disputes", payment_intent=intent)
    stripe.control(f"disputes/{dispute['id']}/won")

    assert sync(at=now()) == 3

    assert count_unmatched_lines() == 0
    assert balance("assets:disputes:krw") == won(0)
    assert broken(tomorrow()) == []


def test_a_payout_of_stripe_is_on_the_way_until_the_bank_shows_it(stripe):
    a_sale(stripe)
    stripe.control("clock", advance=3 * 86_400)
    sync(at=now())
    whole = balance("assets:stripe:krw")
    stripe.control("payouts/automatic")

    sync(at=now())

    ((_payout, amount, _at),) = list_payouts_on_the_way()
    assert amount == whole == balance("assets:bank-transit:krw")
    assert balance("assets:stripe:krw") == won(0)
    assert count_unmatched_lines() == 0


def test_a_payout_that_came_back_is_with_stripe_again(stripe):
    a_sale(stripe)
    stripe.control("clock", advance=3 * 86_400)
    sync(at=now())
    whole = balance("assets:stripe:krw")
    (payout,) = stripe.control("payouts/automatic")["payouts"]
    stripe.control(f"payouts/{payout['id']}/fail")

    sync(at=now())

    assert balance("assets:stripe:krw") == whole
    assert balance("assets:bank-transit:krw") == won(0)
    assert list_payouts_on_the_way() == []
    assert count_unmatched_lines() == 0


def test_an_unknown_kind_is_unclassified_until_a_person_explains_it(stripe):
    line_id = an_odd_line(stripe)
    sync(at=now())
    (line,) = list_unclear_lines()
    admin = a_user("Admin")

    assert line.id == line_id
    unclear = balance("assets:stripe:unclassified:krw")
    assert unclear.minor > 0
    assert balance("assets:stripe:krw") == -unclear
    assert "Nobody has said" in broken(now() + timedelta(days=4))[0]

    classify_line(line, "expenses:stripe-fee", reason="Reserve", by=admin.id, at=now())

    assert list_unclear_lines() == []
    assert balance("assets:stripe:unclassified:krw") == won(0)
    assert balance("expenses:stripe-fee:krw") == unclear
    with pytest.raises(LineClassified):
        classify_line(line, "expenses:stripe-fee", reason="Again", by=admin.id, at=now())


def test_an_admin_explains_an_unclear_line_on_its_page(client, stripe):
    line_id = an_odd_line(stripe)
    sync(at=now())
    sign_in(client, a_user("Admin", roles=(Role.ADMIN,), locale="en"))
    here = f"/en/admin/reconciliation/stripe/{line_id}"

    assert line_id in client.get("/en/admin/reconciliation/").text
    assert "Say what it is" in client.get(here).text
    kept = client.post(f"{here}/explanation", data={"path": "", "reason": "Stripe wrote so"})
    assert (kept.status_code, "Stripe wrote so" in kept.text) == (422, True)

    fields = {"path": "expenses:stripe-fee", "reason": "Stripe wrote so"}
    assert client.post(f"{here}/explanation", data=fields).status_code == 302
    assert list_unclear_lines() == []


def test_a_line_is_explained_by_an_account_of_the_list_only(stripe):
    an_odd_line(stripe)
    sync(at=now())
    (line,) = list_unclear_lines()

    with pytest.raises(NotAPlaceForIt):
        classify_line(line, "funds:village:programs", reason="?", by=1, at=now())
    assert list_unclear_lines() == [line]


def test_silence_of_stripe_leaves_all_as_it_was(stripe):
    a_sale(stripe)
    stripe.control("faults", kind="drop_before", operation="BalanceTransaction.list", times=3)

    with pytest.raises(StripeUnavailable):
        sync(at=now())
    assert db.session.query(StripeLine).count() == 0
    assert sync(at=now()) == 1


def test_what_is_booked_and_stripe_has_not_is_named(stripe):
    a_sale(stripe)
    sync(at=now())
    tamper("DELETE FROM recon_matches WHERE part = 'gross'")

    messages = broken(tomorrow())
    assert any("is not in the books" in message for message in messages)
    assert any("Stripe has no such line" in message for message in messages)

    match_lines(at=now())
    assert broken(tomorrow()) == []


@pytest.mark.parametrize("table", ["stripe_lines", "recon_matches"])
def test_the_mirror_only_grows(stripe, table):
    a_sale(stripe)
    sync(at=now())

    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(DBAPIError), db.session.begin_nested():
            db.session.execute(sa.text(statement))
