"""Addresses nobody made: too large numbers, and addresses that only take posts."""

import pytest

from marketplace.accounts.models import Role
from tests.catalog.shop import sign_in
from tests.factories import a_user

pytestmark = pytest.mark.usefixtures("database")

HUGE = "99999999999999999999"


@pytest.fixture
def admin(client):
    sign_in(client, a_user(roles=[Role.ADMIN]))


@pytest.mark.parametrize(
    "address", [f"/en/admin/ledger/{HUGE}", f"/en/admin/ledger/{HUGE}/download.csv"]
)
def test_a_number_larger_than_any_row_has_no_page(client, admin, address):
    assert client.get(address).status_code == 404


def test_the_largest_number_of_a_row_is_looked_for(client, admin):
    assert client.get(f"/en/admin/ledger/{2**63 - 1}").status_code == 404


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/en/admin/orders/LB-1/parcels/LB-1-1/refunds", "/en/admin/orders/LB-1"),
        ("/ko/cart/lines/5", "/ko/cart"),
        ("/id/admin/programs/LB-1/decision", "/id/admin/programs/LB-1"),
    ],
)
def test_who_opens_the_address_of_a_form_is_led_to_its_page(client, address, page):
    answer = client.get(address)

    assert (answer.status_code, answer.location) == (303, page)


def test_the_language_switch_of_a_refused_post_leads_to_the_page_of_the_form(client, admin):
    page = client.post("/en/admin/orders/LB-1/parcels/LB-1-1/refunds").get_data(as_text=True)

    assert 'href="/id/admin/orders/LB-1"' in page


def test_a_webhook_has_no_page(client):
    assert client.get("/webhooks/stripe").status_code == 405
