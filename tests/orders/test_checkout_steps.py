"""The checkout in three steps, by hand and without a script: nothing is lost, nothing ordered."""

from __future__ import annotations

import re
from html import unescape

import pytest

from marketplace.catalog.models import Variant
from marketplace.kernel.db import db
from marketplace.orders.models import Order
from marketplace.reference.models import ExchangeRate
from marketplace.reference.queries import rates
from tests.factories import a_user
from tests.orders.test_pages import ADDRESS, sign_in
from tests.orders.world import a_cart, an_order, some_goods

pytestmark = pytest.mark.usefixtures("database")

RECIPIENT = {name: ADDRESS[name] for name in ("recipient", "phone", "postcode", "line", "detail")}


@pytest.fixture
def buyer(client):
    user = a_user()
    sign_in(client, user)
    a_cart({some_goods(): 2}, user=user)
    return user


def sent_back(page):
    """What the form of the page would send, without its buttons."""
    form = re.search(r'<form[^>]* id="checkout".*?</form>', page.text, re.S)[0]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        of = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if of["type"] != "checkbox" or " checked" in tag:
            fields[of["name"]] = unescape(of["value"])
    for name, text in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\s*(.*?)</textarea>', form):
        fields[name] = unescape(text)
    return fields


def seen(page):
    """The fields that a reader sees in the form."""
    tags = re.findall(r"<(?:input|textarea)[^>]*>", page.text.partition('id="checkout"')[2])
    return {re.search(r'name="(\w+)"', tag)[1] for tag in tags if 'type="hidden"' not in tag}


def states(page):
    """Of the list above the form: done, now or to come."""
    steps = re.search(r'<ol class="steps".*?</ol>', page.text, re.S)[0]
    return [
        "done" if "is-done" in tag else "now" if "aria-current" in tag else ""
        for tag in re.findall(r"<li[^>]*>", steps)
    ]


def go_on(client, page, step, **entered):
    data = sent_back(page) | entered | {"step": step}
    return client.post("/en/checkout", data=data)


def ordered():
    return db.session.query(Order).count(), db.session.query(Variant).one().held


def test_a_purchase_goes_step_by_step(client, buyer, stripe):
    page = client.get("/en/checkout")
    assert (states(page), page.status_code) == (["now", "", ""], 200)
    assert seen(page) == set(RECIPIENT)

    page = go_on(client, page, "customs", **RECIPIENT)
    assert (states(page), page.status_code) == (["done", "now", ""], 200)
    assert seen(page) == {"customs_code", "delivery_note"}
    assert "김하은\u00a0· 010-1234-5678<br>04524 서울특별시 중구 세종대로 110, 3층" in page.text

    page = go_on(client, page, "payment", customs_code="P123456789012", delivery_note="문 앞")
    assert (states(page), page.status_code) == (["done", "done", "now"], 200)
    assert seen(page) == {"terms", "transfer"}
    assert "P123456789012<br>문 앞" in page.text
    assert ordered() == (0, 0)

    paid = client.post("/en/checkout", data=sent_back(page) | {"terms": "y", "transfer": "y"})

    assert paid.location.startswith(stripe.base_url)
    order = db.session.query(Order).one()
    assert (order.recipient, order.phone) == ("김하은", "+821012345678")
    assert order.delivery_note == "문 앞"


@pytest.mark.parametrize(
    ("entered", "wrong"),
    [
        ({"phone": "123"}, {"phone"}),
        ({"postcode": "99999", "line": " "}, {"postcode", "line"}),
        ({"recipient": ""}, {"recipient"}),
    ],
)
def test_a_step_with_something_wrong_stays_open_and_names_only_its_own_fields(
    client, buyer, entered, wrong
):
    page = go_on(client, client.get("/en/checkout"), "customs", **RECIPIENT | entered)

    assert (states(page), page.status_code) == (["now", "", ""], 422)
    assert seen(page) == set(RECIPIENT)
    assert set(re.findall(r'<li><a href="#(\w+)">', page.text)) == wrong
    assert sent_back(page)["detail"] == "3층"
    assert ordered() == (0, 0)


def test_a_wrong_customs_code_opens_its_step_and_folds_the_first(client, buyer):
    page = go_on(client, client.get("/en/checkout"), "customs", **RECIPIENT)

    page = go_on(client, page, "payment", customs_code="M1", delivery_note="문 앞")

    assert (states(page), page.status_code) == (["done", "now", ""], 422)
    assert set(re.findall(r'<li><a href="#(\w+)">', page.text)) == {"customs_code"}
    assert sent_back(page)["delivery_note"] == "문 앞"


def test_a_folded_step_is_opened_again_and_nothing_of_the_others_is_lost(client, buyer):
    page = go_on(client, client.get("/en/checkout"), "customs", **RECIPIENT)
    page = go_on(client, page, "payment", customs_code="P123456789012", delivery_note="문 앞")
    before = sent_back(page) | {"terms": "y"}

    page = client.post("/en/checkout", data=before | {"step": "recipient"})

    assert (states(page), page.status_code) == (["now", "", ""], 200)
    assert seen(page) == set(RECIPIENT)
    assert sent_back(page) == before


def test_opening_a_step_again_asks_nothing_of_the_one_left(client, buyer):
    page = go_on(client, client.get("/en/checkout"), "customs", **RECIPIENT)

    page = go_on(client, page, "recipient", customs_code="half")

    assert page.status_code == 200
    assert 'class="errsum"' not in page.text
    assert sent_back(page)["customs_code"] == "half"


def test_an_error_in_a_folded_step_opens_it(client, buyer):
    page = go_on(client, client.get("/en/checkout"), "customs", **RECIPIENT)
    page = go_on(client, page, "payment", customs_code="P123456789012")
    data = sent_back(page) | {"phone": "123", "terms": "y", "transfer": "y"}

    page = client.post("/en/checkout", data=data)

    assert (states(page), page.status_code) == (["now", "done", ""], 422)
    assert seen(page) == set(RECIPIENT)
    assert sent_back(page) == data
    assert "Continue to payment" in page.text
    assert ordered() == (0, 0)


def test_a_buyer_who_was_here_begins_with_the_customs_code(client):
    user = a_user()
    sign_in(client, user)
    an_order(user=user)
    a_cart({some_goods(): 1}, user=user)

    page = client.get("/en/checkout")

    assert (states(page), page.status_code) == (["done", "now", ""], 200)
    assert "김하은\u00a0· 01012345678<br>04524 서울특별시 중구 세종대로 110, 3층" in page.text
    assert sent_back(page)["customs_code"] == "P123456789012"


def test_an_amount_that_moved_between_steps_is_shown_old_and_new(client, buyer):
    page = client.get("/en/checkout")
    row = db.session.query(ExchangeRate).filter_by(base="KRW").order_by(ExchangeRate.day.desc())
    row.first().rate = row.first().rate / 2
    db.session.flush()
    rates.forget()

    page = go_on(client, page, "customs", **RECIPIENT)

    assert page.status_code == 422
    assert "The amount has changed" in page.text
    assert "₩112,000" in page.text
    assert "₩212,000" in page.text
    assert states(page) == ["done", "now", ""]
    again = go_on(client, page, "payment", customs_code="P123456789012")
    assert again.status_code == 200
    assert "The amount has changed" not in again.text


def test_enter_in_a_field_leads_on_not_back(client, buyer):
    page = go_on(client, client.get("/en/checkout"), "customs", **RECIPIENT)

    first = re.search(r"<button[^>]*>", page.text.partition('id="checkout"')[2])[0]

    assert 'name="step" value="payment"' in first
    assert 'aria-hidden="true"' in first


def test_a_step_needs_goods_too(client, buyer):
    page = client.get("/en/checkout")
    variant = db.session.query(Variant).one()
    client.post(f"/en/cart/lines/{variant.id}", data={"remove": "1"})

    answer = go_on(client, page, "customs", **RECIPIENT)

    assert answer.location.endswith("/en/cart")
