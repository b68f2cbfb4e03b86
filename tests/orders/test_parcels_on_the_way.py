"""Where a parcel is: of one the whole way, of several only what holds now, to be unfolded."""

from __future__ import annotations

import re

import pytest

from marketplace.kernel.time import now
from marketplace.orders.queries import list_parcels
from tests.factories import a_user
from tests.orders.test_pages import sign_in
from tests.orders.world import a_paid_order, delivered, released, shipped, two_cooperatives

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def buyer(client):
    user = a_user()
    sign_in(client, user)
    return user


def ways(text):
    """The timelines of the page, each as its steps."""
    lists = re.findall(r'<ol class="timeline".*?</ol>', text, re.S)
    return [re.findall(r"<b>(.*?)</b>", part) for part in lists]


WHOLE = ["Paid", "Packed by the cooperative", "On the way to Korea", "Arrived"]


def test_a_single_parcel_shows_its_whole_way_at_once(client, buyer):
    order = a_paid_order(user=buyer, at=now())

    text = client.get(f"/en/orders/{order.number}").text

    assert ways(text) == [[*WHOLE, "Village share released"]]
    assert "The whole way" not in text


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda parcel, at: parcel, "Packed by the cooperative"),
        (shipped, "On the way to Korea"),
        (delivered, "Arrived"),
        (released, "Arrived"),
    ],
)
def test_of_several_parcels_each_says_first_where_it_is_now(client, buyer, change, step):
    order = a_paid_order(dict.fromkeys(two_cooperatives(), 1), user=buyer, at=now())
    change(list_parcels(order)[0], at=now().replace(year=now().year + 1))

    first, whole, *other = ways(client.get(f"/en/orders/{order.number}").text)

    assert first == [step]
    assert whole == [*WHOLE, "Village share released"]
    assert other == [["Packed by the cooperative"], whole]
