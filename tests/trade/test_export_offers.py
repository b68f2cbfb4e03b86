"""A cooperative offers its own goods for export."""

import re

import pytest

from marketplace.cooperatives.models import MemberRole
from marketplace.trade.queries import find_profile
from tests.factories import a_cooperative, a_member, a_partner, a_product, an_organization

pytestmark = pytest.mark.usefixtures("database")

OFFER = {
    "unit": "kg",
    "moq": "100",
    "price_1": "7,50",
    "from_2": "500",
    "price_2": "7.10",
    "incoterm": "FOB",
    "place": "Belawan",
    "lead_time_days": "30",
    "capacity_per_month": "1.200",
    "packing": "Karung 25 kg",
    "shelf_life_months": "12",
}


@pytest.fixture
def product():
    return a_product()


def page_of(product):
    return f"/id/c/{product.cooperative.slug}/exports/{product.slug}"


@pytest.fixture
def maker(product, open_as):
    return open_as(a_member(product.cooperative, MemberRole.SELLER))


def test_what_a_cooperative_offers_is_found_by_partners(product, maker, open_as):
    partner = open_as(a_partner(an_organization()))
    assert partner.get(f"/en/trade/exports/{product.slug}").status_code == 404

    assert maker.post(page_of(product), data=OFFER).status_code == 302

    profile = find_profile(product.id)
    assert profile.price_breaks == [[100, 750], [500, 710]]
    assert (profile.moq, profile.capacity_per_month, profile.place) == (100, 1_200, "Belawan")
    assert "FOB" in partner.get(f"/en/trade/exports/{product.slug}").text
    assert product.slug in partner.get("/en/trade/").text
    shown = maker.get(page_of(product)).text
    assert 'value="7.10"' in shown
    assert ">pasang</option>" in shown


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"moq": "banyak"}, "angka bulat"),
        ({"price_1": ""}, "Isi harga"),
        ({"price_2": ""}, "Isi harganya."),
        ({"from_2": ""}, "Isi jumlahnya."),
        ({"from_2": "0"}, "paling sedikit 1"),
        ({"from_3": "9" * 12, "price_3": "7"}, "1.000.000.000"),
        ({"lead_time_days": "sebulan"}, "Tulis jumlah hari, misalnya 30."),
        ({"shelf_life_months": "setahun"}, "Tulis jumlah bulan, misalnya 12."),
        ({"place": ""}, "pelabuhan"),
    ],
)
def test_a_wrong_offer_keeps_what_was_entered_and_writes_nothing(product, maker, wrong, says):
    answer = maker.post(page_of(product), data=OFFER | wrong)

    assert answer.status_code == 422
    assert says in answer.text
    assert "Karung 25 kg" in answer.text
    assert find_profile(product.id) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"price_2": "9"}, "price_2"),
        ({"from_2": "90"}, "price_2"),
        ({"from_2": "", "price_2": "", "from_3": "800", "price_3": "8"}, "price_3"),
        ({"from_3": "400", "price_3": "7"}, "price_3"),
    ],
)
def test_a_step_out_of_order_is_named_where_it_stands(product, maker, wrong, field):
    answer = maker.post(page_of(product), data=OFFER | wrong)

    assert answer.status_code == 422
    assert re.findall(r'id="(\w+)-error-1"', answer.text) == [field]
    assert find_profile(product.id) is None


def test_only_its_makers_offer_a_product(product, open_as):
    other = open_as(a_member(a_cooperative(), MemberRole.SELLER))

    assert other.post(page_of(product), data=OFFER).status_code == 404
    assert open_as(a_partner(an_organization())).get(page_of(product)).status_code == 404
    assert find_profile(product.id) is None
