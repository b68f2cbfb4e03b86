"""What cooperatives are owed is kept parcel by parcel: no adjustment books there."""

from __future__ import annotations

import re

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger import hooks
from marketplace.ledger.drafts import Line
from marketplace.ledger.models import LedgerEntry, LedgerEntryProposal
from marketplace.ledger.operations import (
    approve_entry,
    propose_adjustment,
    propose_reversal,
    revise_adjustment,
)
from marketplace.ledger.queries.audits import run_checks
from marketplace.orders.errors import OwedByParcel
from marketplace.orders.models import OrderSplit
from marketplace.orders.postings import clawback_of, held_by, payable_to
from tests.factories import a_posting
from tests.ledger.tampering import tamper
from tests.orders.disputing import a_lost_dispute, ruled
from tests.orders.payouts import (
    a_released_order,
    a_shop,
    an_admin,
    gathered,
    owed,
    refunded,
    sent,
    settled,
    signed,
)
from tests.orders.test_pages import sign_in
from tests.orders.world import a_paid_order, the_parcel

pytestmark = pytest.mark.usefixtures("database")

OPENING = "equity:opening"


@pytest.fixture
def cooperative():
    """One that is owed Rp 1,085,600."""
    return the_parcel(a_released_order()).cooperative


def adjusted(path, minor, *, by=1):
    return propose_adjustment(
        [Line(path, rupiah(minor)), Line(OPENING, rupiah(-minor))],
        effective_on=today_in_seoul(now()),
        memo="Goodwill",
        reason="Promised by phone",
        by=by,
        at=now(),
    )


def drift(rule="I9"):
    return [b for result in run_checks(now()) if result.rule == rule for b in result.breaches]


@pytest.mark.parametrize("account", [payable_to, clawback_of, held_by])
def test_an_adjustment_is_refused_and_nothing_is_written(cooperative, account):
    before = db.session.query(LedgerEntry).count()

    with pytest.raises(OwedByParcel, match="page of the order") as refusal:
        adjusted(account(cooperative.slug), 5_000)

    assert refusal.value.facts == {"path": account(cooperative.slug)}
    assert db.session.query(LedgerEntryProposal).count() == 0
    assert db.session.query(LedgerEntry).count() == before


def test_a_change_of_another_adjustment_is_refused_too(cooperative):
    proposal = adjusted("expenses:fx", 5_000)
    lines = [Line(payable_to(cooperative.slug), rupiah(5_000)), Line(OPENING, rupiah(-5_000))]

    with pytest.raises(OwedByParcel):
        revise_adjustment(
            proposal,
            lines,
            effective_on=proposal.effective_on,
            memo="Goodwill",
            reason="Promised",
            by=1,
            at=now(),
        )


def test_what_waited_when_the_rule_came_is_not_signed_any_more(cooperative, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(hooks, "_adjustable", [])
        proposal = adjusted(payable_to(cooperative.slug), 5_000)

    with pytest.raises(OwedByParcel):
        approve_entry(proposal, by=2, body_sha256=proposal.body_sha256, at=now())
    assert drift() == []


@pytest.mark.parametrize(
    ("account", "minor"), [(payable_to, 5_000), (payable_to, -5_000), (clawback_of, 7_000)]
)
def test_a_balance_that_moved_without_its_lots_is_named_with_its_entry(cooperative, account, minor):
    path = account(cooperative.slug)
    entry_id = a_posting({path: rupiah(minor), OPENING: rupiah(-minor)}, kind="adjustment")

    (breach,) = drift()

    assert breach.entry_id == entry_id
    assert breach.facts == {"account": path, "amount": rupiah(abs(minor))}


def test_a_held_balance_that_moved_without_its_parcels_is_named(cooperative):
    a_paid_order(at=now())
    path = held_by(cooperative.slug)
    entry_id = a_posting({path: rupiah(-5_000), OPENING: rupiah(5_000)}, kind="adjustment")

    (breach,) = drift()

    assert breach.entry_id == entry_id
    assert breach.facts == {"account": path, "amount": rupiah(5_000)}


def test_parts_that_changed_under_a_held_balance_are_named():
    order = a_paid_order(at=now())
    row = db.session.query(OrderSplit).filter_by(order_id=order.id, part="cooperative").one()
    tamper("UPDATE order_splits SET owed_minor = owed_minor + 100 WHERE id = :id", id=row.id)

    assert [breach.facts["amount"].minor for breach in drift()] == [100]


def test_an_adjustment_of_earlier_days_can_be_reversed_and_then_nothing_is_apart(cooperative):
    entry_id = a_posting(
        {payable_to(cooperative.slug): rupiah(5_000), OPENING: rupiah(-5_000)},
        kind="adjustment",
        proposed_by=1,
        approved_by=2,
    )

    proposal = propose_reversal(entry_id, reason="Lots", by=1, at=now())
    approve_entry(proposal, by=2, body_sha256=proposal.body_sha256, at=now())

    assert drift() == []


def test_a_lot_used_for_more_than_it_is_is_named(cooperative):
    sent()
    tamper("UPDATE owed_lots SET minor = minor - 100")

    facts = [breach.facts for breach in drift()]

    assert rupiah(1_085_600) in [fact.get("used") for fact in facts]


def test_everything_that_happens_to_a_cooperative_keeps_them_together():
    goods = a_shop()
    first, second = a_released_order(goods), a_released_order(goods, pieces=1)
    refunded(first, 20_000)
    (payout,) = sent()
    settled(payout, 110_000)
    refunded(second, 10_000)
    ruled(a_lost_dispute(first, at=now()), is_at_fault=True, at=now())
    third = a_released_order(goods, pieces=3)
    signed(gathered())
    a_lost_dispute(a_paid_order({goods: 1}, at=now()), at=now())
    refunded(a_paid_order({goods: 2}, at=now()), 50_000)

    assert owed(the_parcel(third).cooperative)[0] == rupiah(0)
    assert drift() == []


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_the_refusal_stands_beside_the_account(client, cooperative, language):
    sign_in(client, an_admin())
    typed = {
        "effective_on": today_in_seoul(now()).isoformat(),
        "currency": "IDR",
        "memo": "Goodwill",
        "reason": "Promised",
        "account_1": OPENING,
        "debit_1": "50",
        "account_2": payable_to(cooperative.slug),
        "credit_2": "50",
    }

    page = client.post(f"/{language}/admin/ledger/adjustments/new", data=typed)

    assert page.status_code == 422
    assert 'id="account_2-error-1"' in page.text
    said = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
    word = {"en": "a refund, on the page of the order", "ko": "환불", "id": "pengembalian dana"}
    assert word[language] in said
