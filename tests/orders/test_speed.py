"""How often a sale asks the database: what `make bench` measures, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from marketplace.kernel.db import db
from marketplace.orders.models import Order, OrderState
from marketplace.payments.models import Payment
from tests.factories import a_cooperative, a_user
from tests.orders.test_pages import ADDRESS, fields_of, sign_in
from tests.orders.world import a_cart, a_paid_order, some_goods

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def first_sale(database):
    # The first sale opens accounts of the ledger and fills what is kept in memory.
    a_paid_order()


@pytest.fixture
def buyer(client):
    user = a_user()
    sign_in(client, user)
    return user


@contextmanager
def asked() -> Iterator[list[str]]:
    """What is asked inside, without what only the tests' own transactions need."""
    statements: list[str] = []
    engine = db.session.connection().engine

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def order_counted(client):
    fields = fields_of(client.get("/ko/checkout"))
    with asked() as statements:
        answer = client.post("/ko/checkout", data=ADDRESS | fields)
    assert answer.status_code == 303
    return statements


def test_goods_go_into_the_cart_with_five_questions(client, buyer):
    product = some_goods()
    a_cart({some_goods(): 1}, user=buyer)

    with asked() as statements:
        client.post("/ko/cart/lines", data={"variant_id": product.variants[0].id})

    assert len(statements) <= 5, "\n".join(statements)


def test_an_order_is_placed_and_its_payment_opened_with_21_questions(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)

    statements = order_counted(client)

    assert len(statements) <= 21, "\n".join(statements)


def test_more_goods_in_one_parcel_need_no_more_questions(client, buyer, stripe):
    cooperative = a_cooperative()
    a_cart({some_goods(cooperative): 1}, user=buyer)
    one = order_counted(client)
    a_cart({some_goods(cooperative, name=f"Kopi {n}"): 1 for n in range(5)}, user=buyer)

    five = order_counted(client)

    asked_by_one = [statement for statement in one if statement.startswith("SELECT")]
    asked_by_five = [statement for statement in five if statement.startswith("SELECT")]
    assert len(asked_by_five) == len(asked_by_one)


def paid_counted(client, stripe, event_number):
    """Pay the open session and deliver its event."""
    stripe.pay(db.session.query(Payment).filter_by(state="open").one().session_id)
    paid = stripe.events("checkout.session.completed")[event_number]
    with asked() as statements:
        stripe.deliver(client, paid)
    return paid, statements


def test_a_payment_is_settled_and_booked_with_20_questions(client, buyer, stripe):
    product = some_goods()
    for number in range(2):
        db.session.refresh(product, ["variants"])
        a_cart({product: 2}, user=buyer)
        order_counted(client)
        # The first one opens the accounts of this cooperative and of Stripe's fee.
        _, statements = paid_counted(client, stripe, number)

    assert {order.state for order in db.session.query(Order)} == {OrderState.PAID}
    assert len(statements) <= 20, "\n".join(statements)


def test_an_event_that_comes_again_is_known_with_one_question(client, buyer, stripe):
    a_cart({some_goods(): 2}, user=buyer)
    order_counted(client)
    paid, _ = paid_counted(client, stripe, 0)

    with asked() as statements:
        stripe.deliver(client, paid)

    assert len(statements) <= 1, "\n".join(statements)
