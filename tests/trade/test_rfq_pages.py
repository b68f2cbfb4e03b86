import re
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from marketplace.accounts.models import OrganizationKind
from marketplace.cooperatives.models import MemberRole
from marketplace.kernel.db import db
from marketplace.kernel.money import dollars
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.time import now
from marketplace.mail import compose
from marketplace.trade.models import (
    Quotation,
    QuotationAcceptance,
    Rfq,
    RfqDecline,
    RfqMessage,
    RfqState,
)
from marketplace.trade.operations import accept_quotation
from tests.factories import a_cooperative, a_member, a_partner, a_user, an_organization
from tests.trade.deals import a_deal, a_quotation, an_rfq

pytestmark = pytest.mark.usefixtures("database")


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def text_of(response):
    return re.sub(r"\s+", " ", response.get_data(as_text=True))


def in_two_weeks():
    return (now() + timedelta(days=14)).date()


def an_open_deal():
    """A deal with an offer that holds today."""
    deal = a_deal()
    rfq = an_rfq(deal, wanted_on=None, at=now())
    return deal, rfq, a_quotation(deal, rfq, valid_until=in_two_weeks(), at=now())


def an_offer(**changes):
    return {
        "quantity": "2.400",
        "unit_price": "7,49",
        "incoterm": "CIF",
        "place": "Busan",
        "lead_time_days": "30",
        "valid_until": in_two_weeks().isoformat(),
        "note": "Lot BT-26-03.",
        "form_key": "Q1",
        **changes,
    }


def people_of(deal):
    return {
        "stranger": None,
        "buyer": a_user(),
        "partner": deal.partner,
        "colleague": a_partner(deal.organization),
        "other partner": a_partner(an_organization(OrganizationKind.IMPORTER)),
        "sponsor": a_partner(an_organization(OrganizationKind.SPONSOR)),
        "chair": deal.member,
        "seller": a_member(deal.cooperative, MemberRole.SELLER),
        "treasurer": a_member(deal.cooperative, MemberRole.TREASURER),
        "other member": a_member(a_cooperative()),
    }


@pytest.mark.parametrize(
    ("who", "partner_page", "desk_page", "answering"),
    [
        ("stranger", 302, 302, 302),
        ("buyer", 403, 404, 404),
        ("partner", 200, 404, 404),
        ("colleague", 200, 404, 404),
        ("other partner", 404, 404, 404),
        ("sponsor", 403, 404, 404),
        ("chair", 403, 200, 422),
        ("seller", 403, 200, 422),
        ("treasurer", 403, 200, 403),
        ("other member", 403, 404, 404),
    ],
)
def test_who_sees_a_request_and_who_may_answer(open_as, who, partner_page, desk_page, answering):
    deal, rfq, quotation = an_open_deal()
    client = open_as(people_of(deal)[who])
    desk = f"/en/c/{deal.cooperative.slug}/rfqs/{rfq.number}"

    for page in (
        f"/en/trade/rfqs/{rfq.number}",
        f"/en/trade/rfqs/{rfq.number}/decline",
        f"/en/trade/quotations/{quotation.number}",
        f"/en/trade/quotations/{quotation.number}/acceptance",
    ):
        assert client.get(page).status_code == partner_page
    for page in (desk, f"{desk}/quotations/{quotation.number}"):
        assert client.get(page).status_code == desk_page
    for page in (f"{desk}/messages", f"{desk}/quotations"):
        assert client.post(page, data={}).status_code == answering
    assert (count(RfqMessage), count(Quotation)) == (1, 1)


@pytest.mark.parametrize("who", ["other partner", "other member", "treasurer", "buyer"])
def test_nobody_else_can_accept_or_decline(open_as, who):
    deal, rfq, quotation = an_open_deal()
    client = open_as(people_of(deal)[who])

    client.post(f"/en/trade/quotations/{quotation.number}/acceptance", data={"signer": "Me"})
    client.post(f"/en/trade/rfqs/{rfq.number}/decline", data={})
    client.post(f"/en/c/{deal.cooperative.slug}/rfqs/{rfq.number}/decline", data={})

    assert (count(QuotationAcceptance), count(RfqDecline)) == (0, 0)


def test_a_request_to_another_cooperative_is_not_found_at_ones_own_desk(open_as):
    deal, rfq, _ = an_open_deal()
    other = a_cooperative()
    client = open_as(a_member(other))

    assert client.get(f"/en/c/{other.slug}/rfqs/{rfq.number}").status_code == 404
    assert client.get(f"/en/c/{deal.cooperative.slug}/rfqs/").status_code == 404
    assert rfq.number not in text_of(client.get(f"/en/c/{other.slug}/rfqs/"))


@pytest.mark.parametrize("number", ["RFQ-000000-00000", "nothing", "Q-1"])
def test_numbers_that_do_not_exist_are_not_found(open_as, number):
    client = open_as(a_deal().partner)

    assert client.get(f"/en/trade/rfqs/{number}").status_code == 404
    assert client.get(f"/en/trade/quotations/{number}").status_code == 404


def test_a_request_becomes_a_quotation_and_a_deal(open_as):
    deal = a_deal()
    partner, member = open_as(deal.partner), open_as(deal.member)
    request = {
        "quantity": "2,400",
        "incoterm": "CIF",
        "place": "Busan",
        "message": "Please quote with Form AK.",
        "form_key": "R1",
    }

    thread = partner.post(f"/en/trade/exports/{deal.profile.product.slug}", data=request).location
    number = thread.rpartition("/")[2]
    desk = f"/id/c/{deal.cooperative.slug}/rfqs"
    assert number in member.get(f"{desk}/").get_data(as_text=True)
    member.post(f"{desk}/{number}/messages", data={"body": "Bisa.", "form_key": "M1"})
    member.post(f"{desk}/{number}/quotations", data=an_offer(unit_price="7,58"))
    member.post(f"{desk}/{number}/quotations", data=an_offer(form_key="Q2"))
    page = text_of(partner.get(thread))
    accepted = partner.post(
        f"/en/trade/quotations/{number.replace('RFQ', 'Q')}-2/acceptance",
        data={"signer": "Lee Seoyeon, director"},
    )

    assert "Bisa." in page
    assert "USD 18,192.00" in page
    assert "replaced" in page
    assert "USD 17,976.00" in page
    rfq = db.session.scalars(select(Rfq)).one()
    assert rfq.state is RfqState.ACCEPTED
    assert accepted.location == thread
    page = text_of(partner.get(thread))
    assert "Lee Seoyeon, director accepted the offer for the buyer." in page
    assert "Accepted" in text_of(member.get(f"/en/c/{deal.cooperative.slug}/rfqs/{number}"))
    assert [
        (m.template, m.recipient)
        for m in db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    ] == [
        ("trade/rfq_received", deal.member.email),
        ("trade/rfq_answered", deal.partner.email),
        ("trade/quotation_received", deal.partner.email),
        ("trade/quotation_received", deal.partner.email),
        ("trade/quotation_accepted", deal.member.email),
        ("trade/quotation_accepted", deal.partner.email),
    ]


def test_accepting_twice_is_one_deal(open_as):
    deal, _, quotation = an_open_deal()
    client = open_as(deal.partner)
    address = f"/en/trade/quotations/{quotation.number}/acceptance"

    answers = [client.post(address, data={"signer": "Lee"}).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert count(QuotationAcceptance) == 1


def test_a_deal_names_who_signs(open_as):
    deal, _, quotation = an_open_deal()

    page = open_as(deal.partner).post(
        f"/en/trade/quotations/{quotation.number}/acceptance", data={"signer": "  "}
    )

    assert page.status_code == 422
    assert "Write the name of the person who signs." in page.get_data(as_text=True)
    assert count(QuotationAcceptance) == 0


def test_an_expired_offer_is_refused_in_words(open_as):
    deal = a_deal()
    quotation = a_quotation(deal, an_rfq(deal), valid_until=date(2026, 4, 30))

    client = open_as(deal.partner)
    page = client.post(
        f"/en/trade/quotations/{quotation.number}/acceptance", data={"signer": "Lee Seoyeon"}
    )

    assert page.status_code == 422
    assert "This offer was valid until 30 Apr 2026. Ask for a new one." in text_of(page)
    assert 'value="Lee Seoyeon"' in page.get_data(as_text=True)
    assert count(QuotationAcceptance) == 0


def test_a_replaced_offer_is_refused_and_can_still_be_read(open_as):
    deal, rfq, older = an_open_deal()
    newer = a_quotation(deal, rfq, unit_price=dollars("7.00"), valid_until=in_two_weeks(), at=now())
    client = open_as(deal.partner)

    page = client.post(f"/en/trade/quotations/{older.number}/acceptance", data={"signer": "Lee"})
    paper = text_of(client.get(f"/en/trade/quotations/{older.number}"))

    assert page.status_code == 422
    assert f"A newer offer, {newer.number}, has replaced this one." in text_of(page)
    assert count(QuotationAcceptance) == 0
    assert "replaced by a newer offer" in paper
    assert "17,976.00" in paper


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"unit_price": "0"}, "Write an amount in dollars, for example 7.22."),
        ({"unit_price": "7.225"}, "Write at most two decimals, for example 7.22."),
        ({"unit_price": "4,661"}, "Write at most two decimals, for example 7.22."),
        ({"unit_price": "NaN"}, "Write an amount in dollars, for example 7.22."),
        ({"unit_price": "1e9"}, "Write an amount in dollars, for example 7.22."),
        ({"unit_price": ""}, "Write the price."),
        ({"unit_price": "murah"}, "Write an amount in dollars, for example 7.22."),
        ({"quantity": "0"}, "Write a quantity of at least 1."),
        ({"lead_time_days": "9999"}, "Write a number of days from 1 to 730."),
        ({"valid_until": "2020-01-01"}, "Choose a day that has not passed."),
        ({"valid_until": "2999-01-01"}, "Choose a day within the next two years."),
        ({"valid_until": ""}, "Choose a day."),
        ({"place": ""}, "Write the port or the town."),
        ({"incoterm": "DAT"}, "Choose one of those offered"),
    ],
)
def test_a_refused_offer_keeps_what_was_typed_and_writes_nothing(open_as, wrong, sentence):
    deal = a_deal()
    rfq = an_rfq(deal)
    address = f"/en/c/{deal.cooperative.slug}/rfqs/{rfq.number}/quotations"

    page = open_as(deal.member).post(address, data=an_offer(**wrong))

    html = page.get_data(as_text=True)
    assert page.status_code == 422
    assert sentence in html
    for name, value in an_offer(**wrong).items():
        if name != "incoterm" and value:
            assert value in html
    assert (count(Quotation), rfq.state) == (0, RfqState.OPEN)


def test_all_wrong_fields_of_an_offer_are_named_at_once(open_as):
    deal = a_deal()
    rfq = an_rfq(deal)
    wrong = {"unit_price": "murah", "place": "", "valid_until": "2020-01-01"}

    page = open_as(deal.member).post(
        f"/id/c/{deal.cooperative.slug}/rfqs/{rfq.number}/quotations", data=an_offer(**wrong)
    )

    html = text_of(page)
    assert page.status_code == 422
    assert "Pilih tanggal yang belum lewat." in html
    for name in wrong:
        assert f'id="{name}-error-1"' in html, name
    assert 'value="murah"' in html
    assert "Lot BT-26-03." in html
    assert count(Quotation) == 0


def test_an_unsigned_acceptance_of_an_expired_offer_says_both(open_as):
    deal = a_deal()
    quotation = a_quotation(deal, an_rfq(deal), valid_until=date(2026, 4, 30))

    page = open_as(deal.partner).post(
        f"/en/trade/quotations/{quotation.number}/acceptance", data={"signer": ""}
    )

    assert page.status_code == 422
    assert "Write the name of the person who signs." in text_of(page)
    assert "This offer was valid until 30 Apr 2026." in text_of(page)


def test_the_same_offer_sent_twice_is_one(open_as):
    deal = a_deal()
    rfq = an_rfq(deal)
    client = open_as(deal.member)

    for _ in range(2):
        client.post(f"/id/c/{deal.cooperative.slug}/rfqs/{rfq.number}/quotations", data=an_offer())

    assert [q.unit_price for q in db.session.scalars(select(Quotation))] == [dollars("7.49")]


def test_an_offer_starts_from_the_request_and_the_price_of_its_quantity(open_as):
    deal = a_deal()
    rfq = an_rfq(deal, quantity=3_000, incoterm="FOB")

    page = open_as(deal.member).get(f"/id/c/{deal.cooperative.slug}/rfqs/{rfq.number}")

    html = page.get_data(as_text=True)
    assert re.search(r'name="unit_price"[^>]*value="7\.10"', html)
    assert re.search(r'name="quantity"[^>]*value="3000"', html)


def test_messages_keep_their_lines_and_are_never_markup(open_as):
    deal, rfq, _ = an_open_deal()
    client = open_as(deal.partner)

    client.post(
        f"/en/trade/rfqs/{rfq.number}",
        data={"body": "<b>One</b>\nTwo", "form_key": "M1"},
    )

    page = client.get(f"/en/trade/rfqs/{rfq.number}").get_data(as_text=True)
    assert "&lt;b&gt;One&lt;/b&gt;</p>" in page
    assert ">Two</p>" in page


def test_a_closed_request_takes_no_more_words(open_as):
    deal, rfq, _ = an_open_deal()
    partner, member = open_as(deal.partner), open_as(deal.member)
    desk = f"/en/c/{deal.cooperative.slug}/rfqs/{rfq.number}"

    member.post(f"{desk}/decline", data={"reason": "Panen gagal."})
    answers = [
        partner.post(f"/en/trade/rfqs/{rfq.number}", data={"body": "But", "form_key": "M9"}),
        member.post(f"{desk}/messages", data={"body": "But", "form_key": "M9"}),
        member.post(f"{desk}/quotations", data=an_offer()),
    ]

    assert "The cooperative closed the request." in text_of(member.get(desk))
    assert "Panen gagal." in text_of(partner.get(f"/en/trade/rfqs/{rfq.number}"))
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert (count(RfqMessage), count(Quotation), rfq.state) == (1, 1, RfqState.DECLINED)


def test_a_partner_can_close_a_request(open_as):
    deal, rfq, _ = an_open_deal()

    open_as(deal.partner).post(f"/en/trade/rfqs/{rfq.number}/decline", data={"reason": "No"})

    assert rfq.state is RfqState.DECLINED


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_both_sides_and_the_paper_render_in_every_language(open_as, lang):
    deal, rfq, quotation = an_open_deal()
    partner, member = open_as(deal.partner), open_as(deal.member)
    desk = f"/{lang}/c/{deal.cooperative.slug}/rfqs"
    pages = [
        (partner, f"/{lang}/trade/rfqs"),
        (partner, f"/{lang}/trade/rfqs/{rfq.number}"),
        (partner, f"/{lang}/trade/quotations/{quotation.number}"),
        (member, f"{desk}/"),
        (member, f"{desk}/{rfq.number}"),
        (member, f"{desk}/{rfq.number}/quotations/{quotation.number}"),
    ]

    for client, address in pages:
        answer = client.get(address)
        assert answer.status_code == 200
        assert f'<html lang="{lang}"' in answer.get_data(as_text=True)


def test_the_paper_says_who_signed(open_as):
    deal, _, quotation = an_open_deal()
    accept_quotation(quotation, "Lee Seoyeon", by=deal.partner.id, at=now())

    paper = text_of(open_as(deal.partner).get(f"/en/trade/quotations/{quotation.number}"))

    assert "Lee Seoyeon" in paper
    assert "Incoterms 2020" in paper
    assert "CIF Busan" in paper


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_every_mail_can_be_written(app, open_as, lang):
    deal, rfq, quotation = an_open_deal()
    open_as(deal.partner).post(
        f"/en/trade/rfqs/{rfq.number}", data={"body": "One more", "form_key": "M1"}
    )
    accept_quotation(quotation, "Lee Seoyeon", by=deal.partner.id, at=now())
    other = an_rfq(deal)
    open_as(deal.partner).post(f"/en/trade/rfqs/{other.number}/decline", data={})
    written = set()

    for message in db.session.scalars(select(OutboxMessage)).all():
        message.locale = lang
        with app.app_context():
            mail = compose(message)
        written.add(message.template)
        assert mail["Subject"]
        assert rfq.number in mail.get_content() or other.number in mail.get_content()

    assert written == {
        "trade/rfq_received",
        "trade/rfq_answered",
        "trade/rfq_declined",
        "trade/quotation_received",
        "trade/quotation_accepted",
    }


def test_an_offer_for_another_quantity_says_so_before_it_is_accepted(open_as):
    deal = a_deal()
    rfq = an_rfq(deal)
    open_as(deal.member).post(
        f"/en/c/{deal.cooperative.slug}/rfqs/{rfq.number}/quotations",
        data=an_offer(quantity=str(rfq.quantity + 100)),
    )

    partner = open_as(deal.partner)
    page = text_of(partner.get(f"/en/trade/rfqs/{rfq.number}"))

    assert f"Asked: {rfq.quantity:,} kg. Offered: {rfq.quantity + 100:,} kg." in page
    assert f"offered: {rfq.quantity + 100:,}" in text_of(partner.get("/en/trade/rfqs"))
