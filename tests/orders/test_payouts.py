"""Payouts: gathered, signed by a second person, settled by the bank's line or sent back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.catalog.models import Product
from marketplace.cooperatives.models import MemberRole
from marketplace.cooperatives.operations import set_bank_account, verify_bank_account
from marketplace.cooperatives.queries import find_bank_account
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, rupiah, won
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance, get_entry
from marketplace.mail import compose
from marketplace.orders.errors import (
    BatchCanceled,
    BatchChanged,
    BatchReleased,
    CooperativeNotReady,
    NothingToPay,
    PaidImplausible,
    PayoutNotOnItsWay,
    PayoutSelfApproval,
    SettledOutOfTime,
)
from marketplace.orders.models import LotSide, PayoutBatch, PayoutState
from marketplace.orders.operations import (
    cancel_batch,
    reject_payout,
    release_batch,
    settle_payout,
)
from marketplace.orders.operations.lots import open_lot
from marketplace.orders.queries import lots_left
from marketplace.orders.queries.candidates import Hindrance, list_candidates
from marketplace.reference.queries import rates
from tests.factories import a_member, a_posting
from tests.orders.payouts import (
    ACCOUNT,
    MINIMUM,
    a_market_at,
    a_market_with_a_released_order,
    a_released_order,
    a_shop,
    an_account,
    an_admin,
    gathered,
    owed,
    pair,
    refunded,
    sent,
    settled,
    signed,
)
from tests.orders.world import a_market, a_paid_order, released, the_parcel
from tests.stages import Stage, here

pytestmark = pytest.mark.usefixtures("database")

WHOLE = rupiah(1_085_600)
NOTHING = rupiah(0)


@pytest.fixture(autouse=True)
def forgotten_rates(database):
    yield
    rates.forget()


@pytest.fixture
def stage(request, stages) -> Stage:
    begun = "order" in request.fixturenames
    return stages(a_market_with_a_released_order if begun else a_market)


@pytest.fixture
def order(database, stage):
    """A released order: Rp 1,085,600 payable, 92,000 won at 11.80."""
    return here(stage.things)


@pytest.fixture
def cooperative(order):
    return the_parcel(order).cooperative


def the_goods(order):
    slug = the_parcel(order).line_items[0].product_slug
    product = db.session.query(Product).filter_by(slug=slug).one()
    db.session.refresh(product, ["variants"])
    return product


def lines_of(entry_id):
    return {(line.code, line.amount.minor) for line in get_entry(entry_id).postings}


def kinds():
    return [kind for (kind,) in db.session.query(LedgerEntry.kind).order_by(LedgerEntry.id)]


def test_two_people_pay_what_is_released(order, cooperative):
    (payout,) = sent()

    assert payout.amount == WHOLE
    assert payout.state is PayoutState.SENT
    assert owed(cooperative) == (NOTHING, NOTHING)
    assert lines_of(payout.entry_id) == {
        (f"liabilities:coop:{cooperative.slug}:payable:idr", WHOLE.minor),
        ("assets:payout-transit:idr", -WHOLE.minor),
    }
    entry = get_entry(payout.entry_id)
    assert (entry.kind, entry.ref_id) == ("payout", payout.number)
    assert (entry.proposed_by, entry.approved_by) == (
        payout.batch.proposed_by,
        payout.batch.released_by,
    )


def test_nobody_signs_a_batch_they_gathered(order, cooperative):
    me = an_admin()
    batch = gathered(by=me)

    with pytest.raises(PayoutSelfApproval):
        signed(batch, by=me)

    assert owed(cooperative) == (WHOLE, NOTHING)
    assert "payout" not in kinds()


def test_a_second_release_sends_nothing_more(order):
    second = an_admin()
    batch = signed(gathered(), by=second)

    for person in (second, an_admin()):
        with pytest.raises(BatchReleased):
            signed(batch, by=person)

    assert kinds().count("payout") == 1


def test_what_is_still_held_is_not_paid(cooperative):
    a_paid_order({a_shop(): 1}, at=now())

    assert [payout.amount for payout in sent()] == [WHOLE]


def test_sen_stay_payable(order, cooperative):
    sen = Money(150, "IDR")
    trading = "equity:trading:idr-krw"
    entry = a_posting({trading: sen, f"liabilities:coop:{cooperative.slug}:payable": -sen})
    open_lot(LotSide.PAYABLE, the_parcel(order), entry, minor=150, book_minor=0)

    (payout,) = sent()

    assert payout.amount == WHOLE + rupiah(1)
    assert owed(cooperative)[0] == Money(50, "IDR")


def test_a_batch_holds_all_or_the_chosen_cooperatives(order, cooperative):
    other = the_parcel(a_released_order()).cooperative

    (chosen,) = sent(cooperative_ids=[other.id])
    (rest,) = sent()

    assert (chosen.cooperative, rest.cooperative) == (other, cooperative)
    with pytest.raises(NothingToPay):
        gathered()


def test_a_cooperative_that_cannot_be_paid_says_why(order, cooperative):
    unchecked = the_parcel(a_released_order(a_shop(verified=False))).cooperative
    poor = the_parcel(a_released_order(a_shop(price=rupiah(11_800)))).cooperative
    waiting = the_parcel(a_released_order()).cooperative
    gathered(cooperative_ids=[waiting.id])
    bare = the_parcel(a_released_order()).cooperative
    db.session.delete(find_bank_account(bare))
    db.session.flush()

    found = {row.cooperative.id: row.hindrance for row in list_candidates(MINIMUM)}

    assert found == {
        cooperative.id: None,
        unchecked.id: Hindrance.UNCHECKED,
        poor.id: Hindrance.BELOW_MINIMUM,
        waiting.id: Hindrance.WAITING,
        bare.id: Hindrance.NO_ACCOUNT,
    }
    with pytest.raises(CooperativeNotReady) as refused:
        gathered(cooperative_ids=[cooperative.id, unchecked.id])
    assert refused.value.facts == {"cooperative": unchecked.name}


def test_the_same_form_gathers_once(order):
    first = gathered(form_key="one-form")

    assert gathered(form_key="one-form").id == first.id
    assert db.session.query(PayoutBatch).count() == 1


def test_a_batch_that_changed_after_it_was_gathered_is_refused(order, cooperative):
    batch = gathered()
    refunded(order, 1_000)

    with pytest.raises(BatchChanged):
        signed(batch)

    assert batch.released_by is None
    assert "payout" not in kinds()


def test_more_money_that_became_payable_waits_for_the_next_batch(order, cooperative):
    batch = gathered()
    more = a_paid_order({the_goods(order): 1}, at=now())
    released(the_parcel(more), at=now() + timedelta(days=15))

    signed(batch)

    assert owed(cooperative) == (rupiah(542_800), NOTHING)


@pytest.mark.parametrize(
    "change",
    [
        {"number": "999999999999999"},
        {"holder": "Somebody Else"},
        {"bank_code": "200", "number": "1234567890123456"},
    ],
)
def test_a_changed_bank_account_is_refused_even_when_it_was_checked_again(
    order, cooperative, change
):
    batch = gathered()
    facts = {"bank_code": "002", "number": ACCOUNT, "holder": "KSU Gayo"} | change
    set_bank_account(cooperative, **facts, by=an_admin().id)
    verify_bank_account(cooperative, facts["number"], by=an_admin().id, at=now())

    with pytest.raises(BatchChanged):
        signed(batch)

    assert "payout" not in kinds()


def test_a_signature_for_another_text_is_refused(order):
    batch = gathered()

    with pytest.raises(BatchChanged):
        release_batch(batch, body_sha256="0" * 64, by=an_admin().id, at=now())

    assert "payout" not in kinds()


def test_a_canceled_batch_pays_nothing_and_frees_its_cooperatives(order):
    batch = gathered()
    cancel_batch(batch, by=an_admin().id, at=now())

    with pytest.raises(BatchCanceled):
        signed(batch)
    (payout,) = sent()

    assert payout.amount == WHOLE
    with pytest.raises(BatchReleased):
        cancel_batch(payout.batch, by=an_admin().id, at=now())


def test_settling_at_a_worse_rate_is_our_loss(order, cooperative):
    (payout,) = sent()

    settled(payout, 93_586, fee=2_500)

    assert payout.state is PayoutState.SETTLED
    assert lines_of(payout.settlement_entry_id) == {
        ("assets:payout-transit:idr", WHOLE.minor),
        ("equity:trading:idr-krw:idr", -WHOLE.minor),
        ("equity:trading:idr-krw:krw", 92_000),
        ("expenses:fx:krw", 1_586),
        ("expenses:bank-fee:krw", 2_500),
        ("assets:bank:krw", -96_086),
    }
    assert pair() == (won(0), NOTHING)


def test_settling_at_a_better_rate_is_our_gain(order):
    (payout,) = sent()

    settled(payout, 90_467)

    assert ("income:fx:krw", -1_533) in lines_of(payout.settlement_entry_id)
    assert pair() == (won(0), NOTHING)
    assert balance("assets:bank:krw") == won(-90_467)


def test_settling_at_the_same_rate_books_no_exchange(order):
    (payout,) = sent()

    settled(payout, 92_000)

    assert len(lines_of(payout.settlement_entry_id)) == 4
    assert balance("expenses:fx:krw") == balance("income:fx:krw") == won(0)


def test_a_payout_is_settled_once(order):
    (payout,) = sent()
    settled(payout, 92_000)

    settled(payout, 92_000)
    with pytest.raises(PayoutNotOnItsWay):
        settled(payout, 92_001)
    with pytest.raises(PayoutNotOnItsWay):
        reject_payout(payout, reason="Closed", by=an_admin().id, at=now())

    assert kinds().count("payout_settled") == 1
    assert balance("assets:bank:krw") == won(-92_000)


@pytest.mark.parametrize("days", [-1, 1])
def test_the_day_of_the_bank_line_is_between_release_and_today(order, days):
    (payout,) = sent()

    with pytest.raises(SettledOutOfTime):
        settle_payout(
            payout,
            paid=won(92_000),
            fee=won(0),
            on=today_in_seoul(now()) + timedelta(days=days),
            reference="FT-1",
            by=an_admin().id,
            at=now(),
        )

    assert payout.settled_on is None


@pytest.mark.parametrize("paid", [9_200, 920_000])
def test_an_amount_with_a_digit_too_many_or_too_few_is_asked_for_again(order, paid):
    (payout,) = sent()

    with pytest.raises(PaidImplausible):
        settled(payout, paid)

    assert balance("assets:bank:krw") == won(0)


def test_a_batch_that_waits_cannot_be_settled(order):
    (payout,) = gathered().payouts

    with pytest.raises(PayoutNotOnItsWay):
        settled(payout, 92_000)
    with pytest.raises(PayoutNotOnItsWay):
        reject_payout(payout, reason="Closed", by=an_admin().id, at=now())


def test_a_rejected_payout_is_payable_again_once_the_account_is_checked(order, cooperative):
    (payout,) = sent()

    for _ in range(2):
        reject_payout(payout, reason="Account closed", by=an_admin().id, at=now())

    entry = get_entry(payout.rejection_entry_id)
    assert entry.reverses_id == payout.entry_id
    assert "Account closed" in entry.memo
    assert owed(cooperative) == (WHOLE, NOTHING)
    assert balance("assets:payout-transit:idr") == NOTHING
    with pytest.raises(NothingToPay):
        gathered()
    an_account(cooperative, number="543210987654321")
    (again,) = sent()
    settled(again, 92_000)
    assert pair() == (won(0), NOTHING)


def test_the_oldest_rupiah_are_paid_first(order, cooperative):
    goods = the_goods(order)
    a_market_at("10.00")
    second = a_paid_order({goods: 1}, at=now())
    released(the_parcel(second), at=now() + timedelta(days=15))

    (payout,) = sent()

    # 92,000 won at 11.80, and one piece of 59,000 won at 10.00.
    assert payout.book_minor == 92_000 + 54_280
    assert lots_left(cooperative.id, LotSide.PAYABLE) == []


def test_a_refund_after_the_payout_is_claimed_back(order, cooperative):
    (payout,) = sent()
    settled(payout, 92_000)

    refund = refunded(order, 50_000)

    assert ("assets:stripe:krw", -50_000) in lines_of(refund.entry_id)
    assert owed(cooperative) == (NOTHING, rupiah(542_800))
    # The open pair is exactly the claim.
    assert pair() == (won(46_000), rupiah(-542_800))
    (row,) = list_candidates(MINIMUM)
    assert row.hindrance is Hindrance.OWES_US


def test_the_next_payout_first_sets_off_what_is_owed_to_us(order, cooperative):
    (first,) = sent()
    settled(first, 92_000)
    refunded(order, 50_000)
    more = a_paid_order({the_goods(order): 2}, at=now())
    released(the_parcel(more), at=now() + timedelta(days=15))

    (payout,) = sent()

    assert (payout.netted, payout.amount) == (rupiah(542_800), rupiah(542_800))
    assert owed(cooperative) == (NOTHING, NOTHING)
    assert lines_of(payout.netting_entry_id) == {
        (f"liabilities:coop:{cooperative.slug}:payable:idr", 542_800_00),
        (f"assets:coop:{cooperative.slug}:clawback:idr", -542_800_00),
    }
    settled(payout, 46_000)
    assert pair() == (won(0), NOTHING)


def test_setting_off_against_rupiah_of_another_rate_books_the_exchange(order, cooperative):
    (first,) = sent()
    settled(first, 92_000)
    refunded(order, 50_000)
    a_market_at("10.00")
    more = a_paid_order({the_goods(order): 2}, at=now())
    released(the_parcel(more), at=now() + timedelta(days=15))

    (payout,) = sent()

    # Rp 542,800 stood for 46,000 won when they were claimed, and for 54,280 in the new order.
    assert ("income:fx:krw", -8_280) in lines_of(payout.netting_entry_id)
    assert payout.book_minor == 54_280
    settled(payout, 54_280)
    assert pair() == (won(0), NOTHING)


def test_a_claim_larger_than_what_is_payable_pays_nothing(order, cooperative):
    (first,) = sent()
    settled(first, 92_000)
    refunded(order, 100_000)
    more = a_paid_order({the_goods(order): 1}, at=now())
    released(the_parcel(more), at=now() + timedelta(days=15))

    with pytest.raises(NothingToPay):
        gathered()

    assert owed(cooperative) == (rupiah(542_800), WHOLE)


def test_the_money_people_of_a_cooperative_are_told_in_their_language(order, cooperative):
    chair = a_member(cooperative, MemberRole.CHAIR, locale="id")
    treasurer = a_member(cooperative, MemberRole.TREASURER, locale="ko")
    a_member(cooperative, MemberRole.SELLER)

    (payout,) = sent()
    reject_payout(payout, reason="Account closed", by=an_admin().id, at=now())

    mails = db.session.query(OutboxMessage).filter(OutboxMessage.template.like("payout_%")).all()
    assert sorted((mail.template, mail.recipient) for mail in mails) == sorted(
        (template, user.email)
        for template in ("payout_sent", "payout_rejected")
        for user in (chair, treasurer)
    )
    letters = [compose(mail) for mail in mails]
    assert all(payout.number in str(letter["Subject"]) for letter in letters)
    assert all("1.085.600" in text or "1,085,600" in text for text in map(body_of, letters))
    assert sum("Account closed" in text for text in map(body_of, letters)) == 2
    assert not any(ACCOUNT in text for text in map(body_of, letters))


def body_of(letter):
    return letter.get_content()
