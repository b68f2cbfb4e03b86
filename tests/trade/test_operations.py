from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from marketplace.catalog.models import ProductState
from marketplace.cooperatives.models import CooperativeState, MemberRole
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import dollars
from marketplace.kernel.outbox import OutboxMessage
from marketplace.trade.errors import (
    AlreadyAccepted,
    BelowMinimum,
    DayInThePast,
    NotOffered,
    PriceStepsDisordered,
    QuotationExpired,
    QuotationReplaced,
    RequestClosed,
    UnknownIncoterm,
    WrongUnit,
)
from marketplace.trade.models import (
    Quotation,
    QuotationAcceptance,
    Rfq,
    RfqDecline,
    RfqMessage,
    RfqState,
    Side,
)
from marketplace.trade.operations import (
    accept_quotation,
    answer_rfq,
    decline_rfq,
    set_export_profile,
)
from marketplace.trade.queries import list_quotations
from tests.factories import NOON, a_member, a_partner, a_product, an_organization
from tests.trade.deals import a_deal, a_quotation, an_rfq

pytestmark = pytest.mark.usefixtures("database")

LATER = NOON + timedelta(hours=2)


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def mails():
    rows = db.session.execute(select(OutboxMessage.template, OutboxMessage.recipient))
    return sorted((template, recipient) for template, recipient in rows)


def a_profile(**changes):
    offer = {
        "unit": "kg",
        "moq": 600,
        "prices": [(600, dollars("7.40")), (3000, dollars("7.10"))],
        "incoterm": "FOB",
        "place": "Belawan",
        "lead_time_days": 30,
        "capacity_per_month": 20_000,
        "packing": "60 kg",
    }
    return set_export_profile(a_product(), **(offer | changes))


def test_an_export_offer_keeps_its_steps_in_cents():
    profile = a_profile()

    assert profile.price_breaks == [[600, 740], [3000, 710]]
    assert profile.lowest_price == dollars("7.10")
    assert profile.highest_price == dollars("7.40")


@pytest.mark.parametrize(
    ("quantity", "price"),
    [(1, "7.40"), (600, "7.40"), (2_999, "7.40"), (3_000, "7.10"), (90_000, "7.10")],
)
def test_a_quantity_pays_the_largest_step_it_reaches(quantity, price):
    assert a_profile().price_for(quantity) == dollars(price)


@pytest.mark.parametrize(
    "prices",
    [
        [],
        [(500, dollars(7))],
        [(600, dollars(7)), (600, dollars(6))],
        [(600, dollars(7)), (3000, dollars(8))],
        [(600, dollars(0))],
    ],
)
def test_steps_begin_at_the_minimum_and_never_rise(prices):
    with pytest.raises(PriceStepsDisordered):
        a_profile(prices=prices)


def test_an_offer_names_one_of_the_incoterms_2020():
    with pytest.raises(UnknownIncoterm):
        a_profile(incoterm="DAT")


def test_setting_an_export_offer_again_changes_it():
    product = a_product()
    offer = {
        "unit": "kg",
        "incoterm": "FOB",
        "place": "Belawan",
        "lead_time_days": 30,
        "capacity_per_month": 20_000,
        "packing": "60 kg",
    }
    set_export_profile(product, moq=600, prices=[(600, dollars(7))], **offer)

    changed = set_export_profile(product, moq=900, prices=[(900, dollars(6))], **offer)

    assert (changed.moq, changed.price_breaks) == (900, [[900, 600]])


def test_a_request_reaches_everyone_who_may_answer():
    deal = a_deal()
    seller = a_member(deal.cooperative, MemberRole.SELLER)
    a_member(deal.cooperative, MemberRole.TREASURER)

    rfq = an_rfq(deal)

    assert rfq.number.startswith("RFQ-260418-")
    assert rfq.state is RfqState.OPEN
    assert mails() == sorted(
        [("trade/rfq_received", deal.member.email), ("trade/rfq_received", seller.email)]
    )


def test_the_same_form_sends_one_request():
    deal = a_deal()

    first = an_rfq(deal, form_key="K1")
    second = an_rfq(deal, form_key="K1", quantity=9_000)

    assert second is first
    assert (count(Rfq), count(RfqMessage), count(OutboxMessage)) == (1, 1, 1)


def test_less_than_the_minimum_cannot_be_asked_for():
    deal = a_deal()

    with pytest.raises(BelowMinimum) as refused:
        an_rfq(deal, quantity=599)

    assert refused.value.facts == {"moq": 600, "unit": "kg"}
    assert (count(Rfq), count(OutboxMessage)) == (0, 0)


def test_the_minimum_itself_can_be_asked_for():
    assert an_rfq(a_deal(), quantity=600).quantity == 600


@pytest.mark.parametrize("state", [ProductState.DRAFT, ProductState.WITHDRAWN])
def test_goods_that_are_not_published_cannot_be_asked_for(state):
    deal = a_deal()
    deal.profile.product.state = state
    db.session.flush()

    with pytest.raises(NotOffered):
        an_rfq(deal)

    assert count(Rfq) == 0


def test_a_suspended_cooperative_gets_no_requests():
    deal = a_deal()
    deal.cooperative.state = CooperativeState.SUSPENDED
    db.session.flush()

    with pytest.raises(NotOffered):
        an_rfq(deal)

    assert count(Rfq) == 0


def test_goods_without_an_export_offer_cannot_be_asked_for():
    deal = a_deal()
    deal.profile.product = a_product(deal.cooperative)
    with db.session.no_autoflush:
        product = deal.profile.product
        db.session.expire(deal.profile)
        deal.profile = type("Offer", (), {"product": product})

        with pytest.raises(NotOffered):
            an_rfq(deal)

    assert count(Rfq) == 0


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"unit": "piece"}, WrongUnit),
        ({"incoterm": "DAT"}, UnknownIncoterm),
        ({"wanted_on": date(2026, 4, 17)}, DayInThePast),
    ],
)
def test_a_request_states_unit_term_and_a_day_to_come(wrong, error):
    deal = a_deal()

    with pytest.raises(error):
        an_rfq(deal, **wrong)

    assert count(Rfq) == 0


def test_a_quotation_is_priced_numbered_and_told_to_the_partner():
    deal = a_deal()
    rfq = an_rfq(deal)

    quotation = a_quotation(deal, rfq)

    assert quotation.number == f"Q-{rfq.number[4:]}-1"
    assert quotation.total == dollars("17976.00")
    assert quotation.incoterms_edition == 2020
    assert (quotation.goods, quotation.hs6) == ("Kopi Arabika Gayo", "090111")
    assert rfq.state is RfqState.QUOTED
    assert ("trade/quotation_received", deal.partner.email) in mails()


def test_the_same_form_sends_one_quotation():
    deal = a_deal()
    rfq = an_rfq(deal)

    first = a_quotation(deal, rfq, form_key="K1")
    second = a_quotation(deal, rfq, form_key="K1")

    assert second is first
    assert count(Quotation) == 1


def test_a_newer_quotation_replaces_the_older_which_stays():
    deal = a_deal()
    rfq = an_rfq(deal)

    older = a_quotation(deal, rfq, unit_price=dollars("7.58"))
    newer = a_quotation(deal, rfq)

    assert [q.number for q in list_quotations(rfq)] == [older.number, newer.number]
    assert older.total == dollars("18192.00")
    with pytest.raises(QuotationReplaced) as refused:
        accept_quotation(older, "Kim Jiho", by=deal.partner.id, at=LATER)
    assert refused.value.facts == {"number": newer.number}
    assert count(QuotationAcceptance) == 0


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"valid_until": date(2026, 4, 17)}, DayInThePast), ({"incoterm": "DAT"}, UnknownIncoterm)],
)
def test_a_quotation_states_a_term_and_a_day_to_come(wrong, error):
    deal = a_deal()
    rfq = an_rfq(deal)

    with pytest.raises(error):
        a_quotation(deal, rfq, **wrong)

    assert (count(Quotation), rfq.state) == (0, RfqState.OPEN)


def test_an_accepted_quotation_closes_the_request_and_tells_both_sides():
    deal = a_deal()
    rfq = an_rfq(deal)
    quotation = a_quotation(deal, rfq)

    accept_quotation(quotation, "Kim Jiho", by=deal.partner.id, at=LATER)

    accepted = db.session.get(QuotationAcceptance, quotation.id)
    assert (accepted.signer, accepted.by_user_id, accepted.at) == (
        "Kim Jiho",
        deal.partner.id,
        LATER,
    )
    assert rfq.state is RfqState.ACCEPTED
    assert ("trade/quotation_accepted", deal.member.email) in mails()
    assert ("trade/quotation_accepted", deal.partner.email) in mails()
    with pytest.raises(RequestClosed):
        a_quotation(deal, rfq)
    with pytest.raises(AlreadyAccepted):
        decline_rfq(rfq, Side.PARTNER, "No", locale="en", by=deal.partner.id, at=LATER)
    assert count(RfqDecline) == 0


def test_accepting_the_same_quotation_again_is_harmless():
    deal = a_deal()
    quotation = a_quotation(deal, an_rfq(deal))
    accept_quotation(quotation, "Kim Jiho", by=deal.partner.id, at=LATER)
    before = mails()

    accept_quotation(quotation, "Somebody Else", by=deal.partner.id, at=LATER)

    assert db.session.get(QuotationAcceptance, quotation.id).signer == "Kim Jiho"
    assert mails() == before


def test_another_offer_cannot_be_accepted_after_one_was():
    deal = a_deal()
    rfq = an_rfq(deal)
    older, newer = a_quotation(deal, rfq), a_quotation(deal, rfq)
    accept_quotation(newer, "Kim Jiho", by=deal.partner.id, at=LATER)

    with pytest.raises(AlreadyAccepted):
        accept_quotation(older, "Kim Jiho", by=deal.partner.id, at=LATER)

    assert count(QuotationAcceptance) == 1


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 4, 30, 16, 59, tzinfo=UTC), True),
        (datetime(2026, 4, 30, 17, 0, tzinfo=UTC), False),
    ],
)
def test_an_offer_holds_through_its_last_day_where_the_cooperative_is(at, holds):
    deal = a_deal()
    quotation = a_quotation(deal, an_rfq(deal), valid_until=date(2026, 4, 30))

    if holds:
        accept_quotation(quotation, "Kim Jiho", by=deal.partner.id, at=at)
    else:
        with pytest.raises(QuotationExpired) as refused:
            accept_quotation(quotation, "Kim Jiho", by=deal.partner.id, at=at)
        assert refused.value.facts == {"valid_until": date(2026, 4, 30)}

    assert count(QuotationAcceptance) == holds


def test_only_the_organization_that_asked_may_accept():
    deal = a_deal()
    quotation = a_quotation(deal, an_rfq(deal))
    stranger = a_partner(an_organization())

    for person in (stranger, deal.member):
        with pytest.raises(NotFound):
            accept_quotation(quotation, "Kim Jiho", by=person.id, at=LATER)

    assert count(QuotationAcceptance) == 0


@pytest.mark.parametrize("side", list(Side))
def test_either_side_can_decline_once(side):
    deal = a_deal()
    rfq = an_rfq(deal)
    quotation = a_quotation(deal, rfq)
    by = deal.partner.id if side is Side.PARTNER else deal.member.id
    told = deal.member.email if side is Side.PARTNER else deal.partner.email

    for _ in range(2):
        decline_rfq(rfq, side, "Too dear.", locale="en", by=by, at=LATER)

    assert rfq.state is RfqState.DECLINED
    assert (count(RfqDecline), mails().count(("trade/rfq_declined", told))) == (1, 1)
    with pytest.raises(RequestClosed):
        accept_quotation(quotation, "Kim Jiho", by=deal.partner.id, at=LATER)
    with pytest.raises(RequestClosed):
        answer_rfq(
            rfq, Side.PARTNER, "Wait", locale="en", form_key="K", by=deal.partner.id, at=LATER
        )


def test_the_same_form_writes_one_message():
    deal = a_deal()
    rfq = an_rfq(deal, message="")

    for _ in range(2):
        answer_rfq(
            rfq,
            Side.COOPERATIVE,
            "Bisa.",
            locale="id",
            form_key="K",
            by=deal.member.id,
            at=LATER,
        )

    assert count(RfqMessage) == 1
    assert mails().count(("trade/rfq_answered", deal.partner.email)) == 1
