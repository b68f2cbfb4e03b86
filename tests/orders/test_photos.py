"""The buyer sees the goods as the shop shows them: the first photo, or the drawing without one."""

from __future__ import annotations

import re

import pytest

from marketplace.catalog.models import Photo
from marketplace.catalog.operations import withdraw_product
from marketplace.kernel.time import now
from tests.factories import a_cooperative, a_user, saved
from tests.orders.test_pages import sign_in
from tests.orders.test_speed import asked
from tests.orders.world import a_cart, a_paid_order, some_goods, the_parcel

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def buyer(client):
    user = a_user()
    sign_in(client, user)
    return user


def two_goods():
    """Of one cooperative; only the first has photos."""
    cooperative = a_cooperative()
    seen = with_photos(some_goods(cooperative), "ab" * 12, "cd" * 12)
    return seen, some_goods(cooperative, name="Kopi Toraja")


def with_photos(product, *keys):
    for position, key in enumerate(keys, start=1):
        saved(
            Photo(
                product_id=product.id, position=position, key=key, width=9, height=9, added_at=now()
            )
        )
    return product


def pictures(text):
    """What stands before each of the goods, in the order of the page."""
    return re.findall(r'<li class="mini[^"]*">\s*<(picture|svg)', text)


def test_cart_and_checkout_show_the_first_photo_and_else_the_drawing(client, buyer):
    a_cart(dict.fromkeys(two_goods(), 1), user=buyer)

    for page in ("/en/cart", "/en/checkout"):
        text = client.get(page).text
        assert pictures(text) == ["picture", "svg"]
        assert f'src="/media/ab/{"ab" * 12}-640.webp"' in text


def test_an_order_shows_the_photo_even_of_goods_withdrawn_since(client, buyer):
    seen, unseen = two_goods()
    order = a_paid_order({seen: 1, unseen: 1}, user=buyer, at=now())
    withdraw_product(seen, now())
    parcel = the_parcel(order)

    for page in ("", f"/parcels/{parcel.number}/cancellation"):
        text = client.get(f"/en/orders/{order.number}{page}").text
        assert pictures(text) == ["picture", "svg"]
        assert f'src="/media/ab/{"ab" * 12}-640.webp"' in text


def test_more_photos_need_no_more_questions(client, buyer):
    cooperative = a_cooperative()
    goods = [with_photos(some_goods(cooperative, name=f"{n}"), f"{n:024x}") for n in range(4)]
    one = a_paid_order({goods[0]: 1}, user=buyer, at=now())
    four = a_paid_order(dict.fromkeys(goods, 1), user=buyer, at=now())
    client.get(f"/en/orders/{one.number}")

    counts = []
    for order in (one, four):
        with asked() as statements:
            client.get(f"/en/orders/{order.number}")
        counts.append(len(statements))

    assert counts[0] == counts[1]
