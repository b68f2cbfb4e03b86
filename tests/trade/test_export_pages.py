import re
from datetime import date

import pytest
from sqlalchemy import event, func, select

from marketplace.accounts.models import OrganizationKind
from marketplace.catalog.models import (
    Certificate,
    CertificateKind,
    ProductState,
    ProductText,
    TextStatus,
)
from marketplace.kernel.db import db
from marketplace.trade.models import Rfq, RfqMessage
from tests.factories import (
    a_cooperative,
    a_member,
    a_partner,
    a_product,
    a_regency,
    a_user,
    an_export_profile,
    an_organization,
    saved,
)
from tests.trade.deals import a_deal

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def partner(open_as):
    return open_as(a_partner(an_organization()))


def text_of(response):
    return re.sub(r"\s+", " ", response.get_data(as_text=True))


def names_in(page):
    return re.findall(r'class="b" href="/en/trade/exports/([^"]+)"', page.get_data(as_text=True))


def offered(slug, **more):
    profile = {name: more.pop(name) for name in ("moq", "price_breaks") if name in more}
    if "moq" in profile:
        profile.setdefault("price_breaks", ((profile["moq"], 500),))
    return an_export_profile(a_product(slug=slug, name=slug, **more), **profile)


def certify(product_id, kind, **more):
    saved(Certificate(product_id=product_id, kind=kind, number="N-1", issuer="Somebody", **more))


def a_request(**changes):
    return {
        "quantity": "2,400",
        "incoterm": "CIF",
        "place": "Busan",
        "wanted_on": "",
        "message": "Please quote.",
        "form_key": "K1",
        **changes,
    }


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("stranger", 302),
        ("buyer", 403),
        ("member", 403),
        (OrganizationKind.SPONSOR, 403),
        (OrganizationKind.KOTRA, 200),
        (OrganizationKind.IMPORTER, 200),
    ],
)
def test_only_partners_see_what_is_offered_for_export(open_as, who, status):
    offered("gayo")
    if who == "stranger":
        person = None
    elif who == "buyer":
        person = a_user()
    elif who == "member":
        person = a_member(a_cooperative())
    else:
        person = a_partner(an_organization(who))
    client = open_as(person)

    for page in ("", "exports/gayo", "rfqs"):
        assert client.get(f"/en/trade/{page}").status_code == status


def test_drafts_and_goods_without_an_offer_are_not_listed(partner):
    offered("gayo")
    a_product(slug="no-offer")
    draft = offered("draft", published=False)

    page = partner.get("/en/trade/")

    assert names_in(page) == ["gayo"]
    assert draft.product.state is ProductState.DRAFT
    assert partner.get("/en/trade/exports/draft").status_code == 404
    assert partner.get("/en/trade/exports/no-offer").status_code == 404
    assert partner.get("/en/trade/exports/nothing").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["basket", "gayo", "pepper"]),
        ("chapter=09", ["gayo", "pepper"]),
        ("chapter=46", ["basket"]),
        ("province=52", ["basket"]),
        ("moq=100", ["basket", "pepper"]),
        ("moq=99", ["basket"]),
        ("moq=1.000", ["basket", "gayo", "pepper"]),
        ("certificate=organic", ["gayo"]),
        ("certificate=svlk", []),
        ("chapter=09&moq=100", ["pepper"]),
        ("chapter=77&province=zz&certificate=x&sort=x", ["basket", "gayo", "pepper"]),
        ("sort=price", ["pepper", "basket", "gayo"]),
        ("sort=moq", ["basket", "pepper", "gayo"]),
    ],
)
def test_filters_and_order(partner, query, found):
    lombok = a_cooperative(regency=a_regency("52.02", name="Lombok Tengah"))
    gayo = offered("gayo", moq=600, price_breaks=((600, 740), (3000, 710)))
    offered("pepper", hs6="090411", moq=100, price_breaks=((100, 300),))
    offered("basket", hs6="460212", moq=20, price_breaks=((20, 400),), cooperative=lombok)
    certify(gayo.product_id, CertificateKind.ORGANIC)

    assert names_in(partner.get(f"/en/trade/?{query}")) == found


def test_a_filter_that_is_no_number_is_refused_with_its_value(partner):
    offered("gayo")

    page = partner.get("/en/trade/?moq=many")

    assert page.status_code == 422
    assert 'value="many"' in page.get_data(as_text=True)
    assert names_in(page) == ["gayo"]


def test_the_list_costs_four_queries_however_long_it_is(partner):
    for number in range(30):
        profile = offered(f"goods-{number:02}")
        certify(profile.product_id, CertificateKind.HALAL)
    asked = []

    def note(connection, cursor, statement, *rest):
        if "export_profiles" in statement or "certificates" in statement:
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    first = partner.get("/en/trade/")
    event.remove(db.engine, "before_cursor_execute", note)

    assert len(names_in(first)) == 25
    assert len(asked) <= 4
    assert names_in(partner.get("/en/trade/?page=2")) == [f"goods-{n}" for n in range(25, 30)]


def test_the_whole_list_page_stays_within_its_budget_of_queries(partner):
    offered("gayo")
    asked = []

    def note(connection, cursor, statement, *rest):
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    partner.get("/en/trade/")
    event.remove(db.engine, "before_cursor_execute", note)

    reader = [s for s in asked if "FROM users" in s or "memberships" in s or "role_grants" in s]
    assert len(asked) - len(reader) <= 5


def test_a_name_in_the_readers_language_stands_above_the_makers_own(partner):
    profile = offered("gayo")
    saved(
        ProductText(
            product_id=profile.product_id,
            locale="ko",
            name="가요 아라비카 생두",
            story="",
            status=TextStatus.TRANSLATED,
        )
    )

    for page in (partner.get("/ko/trade/"), partner.get("/ko/trade/exports/gayo")):
        assert "가요 아라비카 생두" in page.get_data(as_text=True)
        assert '<span class="orig" lang="id">gayo' in (
            text_of(page)
        ) or '<p class="orig" lang="id">gayo' in text_of(page)


def test_the_sheet_shows_prices_by_quantity_and_the_state_of_papers(partner):
    profile = offered("gayo", moq=600, price_breaks=((600, 740), (3000, 710), (9000, 685)))
    certify(profile.product_id, CertificateKind.GI, checked_on=date(2026, 1, 1))
    certify(profile.product_id, CertificateKind.HALAL, valid_until=date(2020, 2, 28))
    certify(profile.product_id, CertificateKind.ORGANIC)

    page = text_of(partner.get("/en/trade/exports/gayo"))

    assert "6.85–7.40" in page
    for words in ("from 600 kg", "from 3,000 kg", "from 9,000 kg", "0901.11", "30 days"):
        assert words in page
    assert page.index("checked") > 0
    assert "lapsed" in page
    assert "waiting for a check" in page


def test_a_request_is_sent_and_shown(partner):
    offered("gayo")

    sent = partner.post("/en/trade/exports/gayo", data=a_request())

    rfq = db.session.scalars(select(Rfq)).one()
    assert (rfq.quantity, rfq.unit, rfq.incoterm, rfq.place) == (2_400, "kg", "CIF", "Busan")
    assert sent.location == f"/en/trade/rfqs/{rfq.number}"
    page = text_of(partner.get(sent.location))
    assert "2,400 kg gayo to Busan" in page
    assert "Please quote." in page


def test_the_same_request_sent_twice_is_one(partner):
    offered("gayo")

    first = partner.post("/en/trade/exports/gayo", data=a_request())
    second = partner.post("/en/trade/exports/gayo", data=a_request())

    assert first.location == second.location
    assert db.session.scalar(select(func.count()).select_from(Rfq)) == 1
    assert db.session.scalar(select(func.count()).select_from(RfqMessage)) == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"quantity": "599"}, "The minimum order is 600 kg."),
        ({"quantity": "0"}, "Write a quantity of at least 1."),
        ({"quantity": "99999999999999999999"}, "Write a number of at most 1,000,000,000."),
        ({"quantity": "much"}, "Write a whole number, for example 2400."),
        ({"place": " "}, "Write the port or the town."),
        ({"incoterm": "DAT"}, "Choose one of those offered"),
        ({"wanted_on": "2020-01-01"}, "Choose a day that has not passed."),
        ({"wanted_on": "soon"}, "Choose a day that exists"),
        ({"message": "x" * 4001}, "Write at most 4000 characters."),
    ],
)
def test_a_refused_request_keeps_what_was_typed_and_writes_nothing(partner, wrong, sentence):
    offered("gayo")

    page = partner.post("/en/trade/exports/gayo", data=a_request(**wrong))

    html = page.get_data(as_text=True)
    assert page.status_code == 422
    assert sentence in html
    for name, value in a_request(**wrong).items():
        if name != "incoterm" and value.strip():
            assert value in html
    assert db.session.scalar(select(func.count()).select_from(Rfq)) == 0


def test_all_wrong_fields_of_a_request_are_named_at_once(partner):
    offered("gayo")
    wrong = {"quantity": "5", "place": "", "wanted_on": "2020-01-01", "incoterm": "DAT"}

    page = partner.post("/ko/trade/exports/gayo", data=a_request(**wrong))

    html = text_of(page)
    assert page.status_code == 422
    assert "고칠 곳이 4군데" in html
    for name in wrong:
        assert f'id="{name}-error-1"' in html, name
    assert "최소 주문량은 600kg" in html
    assert 'value="5"' in html
    assert 'value="2020-01-01"' in html
    assert "Please quote." in html


def test_quantities_can_be_typed_with_separators(partner):
    offered("gayo")

    sheet = partner.get("/en/trade/exports/gayo").get_data(as_text=True)

    assert re.search(r'<input[^>]*name="quantity"[^>]*type="text"', sheet)


def test_a_signature_of_nothing_is_kept_out_of_the_text(partner):
    offered("gayo")

    partner.post("/en/trade/exports/gayo", data=a_request(message="a\0b", place="Bu\0san"))

    assert db.session.scalars(select(RfqMessage)).one().body == "ab"
    assert db.session.scalars(select(Rfq)).one().place == "Busan"


def test_a_request_for_goods_withdrawn_meanwhile_finds_nothing(open_as):
    deal = a_deal()
    deal.profile.product.state = ProductState.WITHDRAWN
    slug = deal.profile.product.slug

    answer = open_as(deal.partner).post(f"/en/trade/exports/{slug}", data=a_request())

    assert answer.status_code == 404
    assert db.session.scalar(select(func.count()).select_from(Rfq)) == 0


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_every_page_renders_in_every_language(partner, lang):
    offered("gayo")

    for page in ("", "exports/gayo", "rfqs", "?chapter=99"):
        answer = partner.get(f"/{lang}/trade/{page}")
        assert answer.status_code == 200
        assert f'<html lang="{lang}"' in answer.get_data(as_text=True)
