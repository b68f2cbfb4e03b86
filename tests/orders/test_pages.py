"""The buyer's pages: cart, checkout, order – by hand, without a script."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete, event

from marketplace.catalog.models import Variant
from marketplace.catalog.operations import withdraw_product
from marketplace.kernel.db import db
from marketplace.kernel.time import now
from marketplace.orders.models import CartLine, Order, OrderState
from marketplace.orders.operations import cancel_order
from marketplace.payments.models import Payment
from marketplace.reference import queries
from marketplace.reference.models import ExchangeRate
from marketplace.reference.queries import rates
from tests.factories import a_user
from tests.orders.world import (
    TODAY,
    a_cart,
    a_paid_order,
    an_order,
    delivered,
    released,
    some_goods,
    the_parcel,
    two_cooperatives,
)

pytestmark = pytest.mark.usefixtures("database")

ADDRESS = {
    "recipient": "김하은",
    "phone": "010-1234-5678",
    "postcode": "04524",
    "line": "서울특별시 중구 세종대로 110",
    "detail": "3층",
    "customs_code": "P123456789012",
    "terms": "y",
    "transfer": "y",
}


@pytest.fixture
def buyer(client):
    user = a_user()
    sign_in(client, user)
    return user


def sign_in(client, user):
    with client.session_transaction() as session:
        session["_user_id"] = str(user.id)
        session["_fresh"] = True


def fields_of(page):
    """The hidden fields of the checkout form."""
    text = page.get_data(as_text=True)
    found = {}
    for name in ("form_key", "quote"):
        tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', text)[0]
        found[name] = re.search(r'value="([^"]*)"', tag)[1]
    return found


def order_now(client, **changes):
    fields = fields_of(client.get("/ko/checkout"))
    return client.post("/ko/checkout", data=ADDRESS | fields | changes)


def test_a_stranger_fills_a_cart_and_keeps_it_when_signing_in(client):
    product = some_goods()
    client.post("/ko/cart/lines", data={"variant_id": product.variants[0].id, "quantity": 2})
    assert "Kopi Arabika Gayo" in client.get("/ko/cart").get_data(as_text=True)

    answer = client.get("/ko/checkout")

    assert answer.status_code == 302
    assert "/sign-in?next=" in answer.location


def test_the_cart_takes_no_more_than_there_is(client):
    product = some_goods(stock=3)

    client.post("/ko/cart/lines", data={"variant_id": product.variants[0].id, "quantity": 4})

    assert db.session.query(CartLine).count() == 0
    assert "3" in client.get("/ko/cart").get_data(as_text=True)


def test_the_buttons_of_a_line_change_its_quantity(client, buyer):
    product = some_goods()
    a_cart({product: 2}, user=buyer)
    line = f"/ko/cart/lines/{product.variants[0].id}"

    client.post(line, data={"quantity": "2", "step": "1"})
    assert db.session.query(CartLine).one().quantity == 3

    answer = client.post(line, data={"remove": "1"})
    assert db.session.query(CartLine).count() == 0
    assert "되돌리기" in client.get(answer.location).get_data(as_text=True) or "Undo" in client.get(
        answer.location
    ).get_data(as_text=True)


@pytest.mark.parametrize("quantity", ["0", "-3", "abc", "--5", "2.5", ""])
@pytest.mark.parametrize("then", ["", "checkout"])
def test_a_quantity_that_is_none_is_named_on_the_page_of_the_product(client, quantity, then):
    product = some_goods()
    fields = {"variant_id": product.variants[0].id, "quantity": quantity, "then": then}

    answer = client.post("/en/cart/lines", data=fields)

    assert answer.status_code == 422
    assert re.search(r'<a href="#quantity">Quantity: Write a', answer.text)
    assert re.search(
        rf'<input id="quantity"[^>]* value="{quantity}" aria-invalid="true"', answer.text
    )
    assert product.slug in answer.text
    assert db.session.query(CartLine).count() == 0


def test_who_names_no_quantity_gets_one_piece(client):
    product = some_goods()

    client.post("/en/cart/lines", data={"variant_id": product.variants[0].id})

    assert db.session.query(CartLine).one().quantity == 1


@pytest.mark.parametrize("quantity", ["abc", "-3", ""])
def test_a_quantity_that_is_none_is_named_in_the_cart(client, buyer, quantity):
    product = some_goods()
    a_cart({product: 2}, user=buyer)
    variant_id = product.variants[0].id

    answer = client.post(f"/en/cart/lines/{variant_id}", data={"quantity": quantity})

    assert answer.status_code == 422
    assert f'<a href="#quantity-{variant_id}">Quantity: Write a' in answer.text
    assert f'value="{quantity}" aria-invalid="true"' in answer.text
    assert db.session.query(CartLine).one().quantity == 2


def test_a_quantity_of_nothing_takes_the_goods_out_and_can_be_undone(client, buyer):
    product = some_goods()
    a_cart({product: 2}, user=buyer)

    answer = client.post(f"/en/cart/lines/{product.variants[0].id}", data={"quantity": "0"})

    assert db.session.query(CartLine).count() == 0
    page = client.get(answer.location).text
    assert "Undo" in page
    assert '<input type="hidden" name="quantity" value="2">' in page


@pytest.mark.parametrize("quantity", ["٣", "9" * 30])
def test_no_number_of_pieces_is_an_error_of_ours(client, quantity):
    product = some_goods()

    fields = {"variant_id": product.variants[0].id, "quantity": quantity}

    assert client.post("/ko/cart/lines", data=fields).status_code == 302


@pytest.mark.parametrize("variant", ["x", "--5", ""])
def test_what_is_no_number_of_goods_cannot_be_put_in(client, variant):
    assert client.post("/ko/cart/lines", data={"variant_id": variant}).status_code == 400


def test_undoing_a_removal_of_goods_withdrawn_meanwhile_is_answered_in_the_cart(client, buyer):
    product = some_goods()
    variant_id = product.variants[0].id
    a_cart({product: 2}, user=buyer)
    removed = client.post(f"/en/cart/lines/{variant_id}", data={"remove": "1"})
    assert "Undo" in client.get(removed.location).get_data(as_text=True)
    withdraw_product(product, now())

    answer = client.post("/en/cart/lines", data={"variant_id": variant_id, "quantity": 2})

    assert answer.location.endswith("/en/cart")
    assert "These goods are no longer for sale." in client.get("/en/cart").get_data(as_text=True)
    assert db.session.query(CartLine).count() == 0


def test_goods_that_are_not_there_cannot_be_put_in(client):
    answer = client.post("/en/cart/lines", data={"variant_id": "999999"})

    assert answer.location.endswith("/en/cart")
    assert "no longer for sale" in client.get("/en/cart").get_data(as_text=True)


def test_an_order_leads_to_stripe(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)

    answer = order_now(client)

    assert answer.status_code == 303
    assert answer.location.startswith(stripe.base_url)
    order = db.session.query(Order).one()
    assert (order.total_minor, order.phone) == (112_000, "+821012345678")
    assert order.consents["overseas_transfer"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipient", ""),
        ("recipient", "\u200b\u200b"),
        ("recipient", "\u202e"),
        ("line", "\0"),
        ("phone", "02-312-4567"),
        ("phone", "123"),
        ("postcode", "99999"),
        ("postcode", "4524"),
        ("line", " "),
        ("customs_code", "P12345"),
        ("terms", ""),
        ("transfer", ""),
    ],
)
def test_a_wrong_field_keeps_all_others_and_orders_nothing(client, buyer, field, value):
    a_cart({some_goods(): 2}, user=buyer)
    changes = {field: value} if value else {}
    fields = fields_of(client.get("/ko/checkout"))
    data = {k: v for k, v in (ADDRESS | fields).items() if k != field or value} | changes

    answer = client.post("/ko/checkout", data=data)

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'class="errsum"' in text
    assert f'href="#{field}"' in text
    if field != "line":
        assert "세종대로 110" in text
    assert db.session.query(Order).count() == 0


def test_wide_digits_and_pasted_spaces_are_understood(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)

    order_now(
        client,
        phone="０１０－１２３４－５６７８",
        postcode=" ０４５２４ ",
        customs_code="Ｐ１２３ ４５６ ７８９ ０１２",
        recipient="김\0하은\u202e",
    )

    order = db.session.query(Order).one()
    assert (order.phone, order.postcode) == ("+821012345678", "04524")
    assert (order.customs_code, order.recipient) == ("P123456789012", "김하은")


def test_a_lost_hidden_field_is_told_in_a_sentence_without_its_name(client, buyer):
    a_cart({some_goods(): 2}, user=buyer)

    text = order_now(client, form_key="", quote="x" * 2000).get_data(as_text=True)

    assert "오래된 화면이에요" in text
    assert "Form Key" not in text
    assert "Quote:" not in text


def test_the_cart_names_the_limit_of_an_order_where_there_is_more(client, buyer):
    product = some_goods(stock=330)
    a_cart({product: 2}, user=buyer)

    client.post(f"/en/cart/lines/{product.variants[0].id}", data={"quantity": "100"})

    text = client.get("/en/cart").get_data(as_text=True)
    assert "At most 99 of" in text
    assert "are left" not in text


def test_every_wrong_field_of_the_address_is_named_at_once(client, buyer):
    a_cart({some_goods(): 2}, user=buyer)

    answer = order_now(client, phone="123", postcode="99999", customs_code="P1", terms="")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("phone", "postcode", "customs_code"):
        assert f'href="#{field}"' in text
    assert db.session.query(Order).count() == 0


def test_a_cart_emptied_in_another_tab_meanwhile_leads_back_to_the_cart(client, buyer):
    a_cart({some_goods(): 2}, user=buyer)
    fields = ADDRESS | fields_of(client.get("/en/checkout"))
    commits = []

    def empty(_session, _transaction, connection):
        # After the test's own commit, and the one with which the view's transaction begins.
        if len(commits) == 2:
            connection.execute(delete(CartLine))

    listeners = (("after_commit", commits.append), ("after_begin", empty))
    for name, listener in listeners:
        event.listen(db.session, name, listener)
    try:
        answer = client.post("/en/checkout", data=fields)
    finally:
        for name, listener in listeners:
            event.remove(db.session, name, listener)

    assert answer.location.endswith("/en/cart")
    assert "Your cart is empty." in client.get("/en/cart").get_data(as_text=True)
    assert db.session.query(Order).count() == 0


def test_goods_withdrawn_from_the_shop_are_named_in_the_cart(client, buyer):
    product = some_goods()
    variant_id = product.variants[0].id
    a_cart({product: 2}, user=buyer)
    withdraw_product(product, now())

    answer = client.post(f"/en/cart/lines/{variant_id}", data={"step": "1"})

    assert answer.location.endswith("/en/cart")
    assert "no longer for sale" in client.get("/en/cart").get_data(as_text=True)
    assert db.session.query(CartLine).one().quantity == 2


def test_who_comes_back_from_paying_is_thanked(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    order_now(client)
    order, payment = db.session.query(Order).one(), db.session.query(Payment).one()
    stripe.pay(payment.session_id)
    stripe.deliver_all(client)

    answer = client.get(
        f"/en/orders/{order.number}/payments/return?session_id={payment.session_id}"
    )
    text = client.get(answer.location).get_data(as_text=True)

    assert "Paid. Thank you!" in text


def test_who_pays_a_canceled_order_is_told_that_the_money_goes_back(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    order_now(client)
    order, payment = db.session.query(Order).one(), db.session.query(Payment).one()
    stripe.pay(payment.session_id)
    cancel_order(order, at=now(), by=buyer.id)

    answer = client.get(
        f"/en/orders/{order.number}/payments/return?session_id={payment.session_id}"
    )
    text = client.get(answer.location).get_data(as_text=True)

    assert "This payment is not needed" in text
    assert "Nothing was charged" not in text
    assert "Paid. Thank you!" not in text


def test_a_double_tap_makes_one_order(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    fields = ADDRESS | fields_of(client.get("/ko/checkout"))

    first = client.post("/ko/checkout", data=fields)
    second = client.post("/ko/checkout", data=fields)

    assert (first.status_code, second.status_code) == (303, 303)
    assert db.session.query(Order).count() == 1


def test_a_moved_rate_stops_the_order_and_shows_old_and_new(client, buyer):
    a_cart({some_goods(): 2}, user=buyer)
    fields = ADDRESS | fields_of(client.get("/ko/checkout"))
    row = db.session.query(ExchangeRate).filter_by(base="KRW").order_by(ExchangeRate.day.desc())
    row.first().rate = row.first().rate / 2
    db.session.flush()
    rates.forget()

    answer = client.post("/ko/checkout", data=fields)

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "112,000원" in text
    assert "212,000원" in text
    assert db.session.query(Order).count() == 0

    again = client.post("/ko/checkout", data=ADDRESS | fields_of(answer))
    assert again.status_code in (302, 303)
    assert db.session.query(Order).one().total_minor == 212_000


def test_an_empty_cart_cannot_be_ordered(client, buyer):
    assert client.get("/ko/checkout").location.endswith("/ko/cart")


def test_a_refused_payment_says_that_nothing_was_charged_and_can_be_tried_again(
    client, buyer, stripe
):
    a_cart({some_goods(): 2}, user=buyer)
    order_now(client)
    order = db.session.query(Order).one()
    first = db.session.query(Payment).one()
    stripe.fail(first.session_id)
    stripe.deliver_all(client)

    page = client.get(f"/ko/orders/{order.number}").get_data(as_text=True)
    assert f'action="/ko/orders/{order.number}/payments"' in page

    answer = client.post(f"/ko/orders/{order.number}/payments")
    assert answer.status_code == 303
    second = db.session.query(Payment).order_by(Payment.id.desc()).first()
    stripe.pay(second.session_id)
    client.get(f"/ko/orders/{order.number}/payments/return?session_id={second.session_id}")
    assert db.session.get(Order, order.id).state is OrderState.PAID


def test_a_payment_on_its_way_is_said_and_cannot_be_paid_again_or_canceled(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    order_now(client)
    order, payment = db.session.query(Order).one(), db.session.query(Payment).one()
    here = f"/en/orders/{order.number}"
    stripe.delay(payment.session_id)

    client.get(f"{here}/payments/return?session_id={payment.session_id}")

    text = client.get(here).get_data(as_text=True)
    assert "Your payment is in progress" in text
    assert "Payment in progress" in text
    assert f'action="{here}/payments"' not in text
    assert f"{here}/cancellation" not in text
    assert "Your payment is in progress" in client.get("/en/orders").get_data(as_text=True)
    assert "not paid yet" not in client.get("/en/cart").get_data(as_text=True)
    assert client.post(f"{here}/payments").location.endswith(here)
    assert client.get(f"{here}/cancellation").location.endswith(here)
    client.post(f"{here}/cancellation")
    assert db.session.get(Order, order.id).state is OrderState.AWAITING_PAYMENT
    assert db.session.query(Payment).count() == 1

    stripe.end_delay(payment.session_id)
    stripe.deliver_all(client)
    assert db.session.get(Order, order.id).state is OrderState.PAID


def test_a_cancel_page_left_open_says_that_the_order_is_paid(client, buyer):
    order = a_paid_order(user=buyer, at=now())

    answer = client.post(f"/en/orders/{order.number}/cancellation")

    text = client.get(answer.location).get_data(as_text=True)
    assert "This order is paid already. You can cancel its parcels one by one." in text


def test_the_return_page_believes_stripe_not_the_address(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    order_now(client)
    order, payment = db.session.query(Order).one(), db.session.query(Payment).one()

    client.get(f"/ko/orders/{order.number}/payments/return?session_id={payment.session_id}")
    client.get(f"/ko/orders/{order.number}/payments/return?session_id=cs_made_up")

    assert db.session.get(Order, order.id).state is OrderState.AWAITING_PAYMENT


def test_silence_of_stripe_keeps_the_order_and_says_so(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    stripe.control("faults", kind="drop_before", operation="Session.create", times=3)

    answer = order_now(client)

    order = db.session.query(Order).one()
    assert answer.location.endswith(f"/ko/orders/{order.number}")
    assert order.state is OrderState.AWAITING_PAYMENT


def test_another_buyers_order_does_not_exist(client, buyer):
    order = an_order(user=a_user())

    assert client.get(f"/ko/orders/{order.number}").status_code == 404
    assert client.post(f"/ko/orders/{order.number}/payments").status_code == 404
    assert client.get(f"/ko/orders/{order.number}/cancellation").status_code == 404


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_the_order_page_shows_where_the_share_went(client, buyer, lang):
    first, second = two_cooperatives()
    order = a_paid_order({first: 1, second: 1}, user=buyer, at=now())
    released(the_parcel(order), at=now().replace(year=now().year + 1))

    page = client.get(f"/{lang}/orders/{order.number}")

    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert order.receipt_code in text
    assert "2,400" in text or "2.400" in text
    assert "1,050" in text or "1.050" in text


def test_a_share_waits_for_the_arrival_and_after_it_for_the_end_of_returns(client, buyer):
    order = a_paid_order(user=buyer, at=now())
    page = f"/en/orders/{order.number}"
    assert "waits until the parcel has arrived" in client.get(page).get_data(as_text=True)

    delivered(the_parcel(order), at=now())

    text = client.get(page).get_data(as_text=True)
    assert "waits until the parcel has arrived" not in text
    assert "waits until the goods can no longer be sent back" in text
    assert "Held until" in text


def test_the_order_page_asks_few_questions(client, buyer):
    first, second = two_cooperatives()
    order = a_paid_order({first: 1, second: 1}, user=buyer, at=now())
    statements = []
    connection = db.session.connection()

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    event.listen(connection.engine, "before_cursor_execute", note)
    try:
        client.get(f"/ko/orders/{order.number}")
    finally:
        event.remove(connection.engine, "before_cursor_execute", note)

    assert len(statements) <= 16, "\n".join(statements)


def test_an_unpaid_order_can_be_canceled_and_its_goods_come_back(client, buyer, stripe):
    product = some_goods()
    a_cart({product: 2}, user=buyer)
    order_now(client)
    order = db.session.query(Order).one()
    assert client.get(f"/ko/orders/{order.number}/cancellation").status_code == 200

    client.post(f"/ko/orders/{order.number}/cancellation")

    canceled = db.session.get(Order, order.id)
    assert (canceled.state, canceled.canceled_by) == (OrderState.CANCELED, buyer.id)
    assert db.session.query(Variant).filter_by(product_id=product.id).one().available == 20


def test_a_buyer_says_that_the_parcel_has_arrived(client, buyer):
    from tests.orders.world import shipped

    order = a_paid_order(user=buyer, at=now())
    parcel = shipped(the_parcel(order), at=now())

    page = client.get(f"/en/orders/{order.number}").text
    assert re.search(r"<summary[^>]*>It has arrived</summary>", page)
    assert "This cannot be undone." in page
    assert re.search(r"<button[^>]*>Yes, it has arrived</button>", page)

    client.post(f"/ko/orders/{order.number}/parcels/{parcel.number}/receipt")

    assert the_parcel(order).delivered_at is not None


def test_my_orders_shows_only_mine(client, buyer):
    mine = a_paid_order(user=buyer, at=now())
    other = an_order(user=a_user(), at=now())

    text = client.get("/ko/orders").get_data(as_text=True)

    assert mine.number in text
    assert other.number not in text


def test_goods_go_into_the_cart_without_a_token_but_orders_need_one(app, client, buyer):
    variant_id = some_goods().variants[0].id
    here = {"Origin": "http://localhost"}
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        put = client.post("/ko/cart/lines", data={"variant_id": variant_id}, headers=here)
        changed = client.post(f"/ko/cart/lines/{variant_id}", data={"remove": "1"})
        ordered = client.post("/ko/checkout", data=ADDRESS)
    finally:
        app.config["WTF_CSRF_ENABLED"] = False

    assert (put.status_code, changed.status_code, ordered.status_code) == (302, 400, 400)
    assert db.session.query(CartLine).one().quantity == 1


def test_goods_changed_in_another_tab_are_named_and_agreed_to_again(client, buyer):
    product = some_goods()
    variant_id = product.variants[0].id
    a_cart({product: 2}, user=buyer)
    fields = ADDRESS | fields_of(client.get("/en/checkout"))
    client.post(f"/en/cart/lines/{variant_id}", data={"quantity": "3"})

    answer = client.post("/en/checkout", data=fields)

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Your cart has changed" in text
    assert "exchange rate, a price" not in text
    assert "세종대로 110" in text
    assert not re.search(r'<input[^>]*name="(terms|transfer)"[^>]* checked', text)
    assert not re.search(r'<input[^>]* checked[^>]*name="(terms|transfer)"', text)
    assert db.session.query(Order).count() == 0


def test_ordering_one_thing_now_orders_nothing_else_that_was_in_the_cart(client, buyer):
    first, second = two_cooperatives()
    one, other = first.variants[0].id, second.variants[0].id

    def order_one(variant_id):
        fields = {"variant_id": variant_id, "quantity": 1, "then": "checkout"}
        return client.post("/en/cart/lines", data=fields).location

    assert order_one(one).endswith("/en/checkout")
    assert order_one(other).endswith("/en/cart")
    assert "There were goods in your cart already" in client.get("/en/cart").text


def test_an_empty_cart_leads_to_the_order_that_waits_for_its_payment(client, buyer, stripe):
    assert "not paid yet" not in client.get("/en/cart").text
    a_cart({some_goods(): 2}, user=buyer)
    order_now(client)
    order = db.session.query(Order).one()

    for page in ("/en/cart", "/en/orders"):
        text = client.get(page).text
        assert f'href="/en/orders/{order.number}"' in text
        assert "We keep the goods for you until" in text


def test_the_order_page_shows_the_note_and_hides_most_of_the_phone(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    order_now(client, delivery_note="Leave it at the door")
    order, payment = db.session.query(Order).one(), db.session.query(Payment).one()
    stripe.pay(payment.session_id)
    stripe.deliver_all(client)

    text = client.get(f"/ko/orders/{order.number}").text

    assert "Leave it at the door" in text
    assert "010-****-5678" in text
    assert "카카오페이" in text


def test_an_old_rate_of_the_demo_is_called_so(client, buyer, monkeypatch):
    a_cart({some_goods(): 2}, user=buyer)
    assert "demo rate of" not in client.get("/en/cart").text
    for row in db.session.query(ExchangeRate):
        if row.day != TODAY:
            db.session.delete(row)
    db.session.flush()
    rates.forget()
    monkeypatch.setattr(queries, "_oldest_days", [10_000])

    assert "demo rate of" in client.get("/en/cart").text
