"""What programs show on the pages of other rooms."""

import pytest
from sqlalchemy import event

from marketplace.accounts.models import User
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.orders.models import Order
from marketplace.reinvestment.queries import list_uses, trace_order
from marketplace.reinvestment.views.hooks import show_on_cooperative, tell_home, trace_steps
from tests.factories import a_cooperative
from tests.orders.world import a_market, a_paid_order, released, the_parcel
from tests.reinvestment.world import a_program, a_share, approved, sign_in

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def reader(app):
    with app.test_request_context("/en/"):
        yield


def test_the_home_page_counts_what_is_funded_and_what_waits(reader):
    a_share(9_000_000)
    program = approved(a_program(4_000_000))
    a_program(1_000)

    told = tell_home("en")

    assert (told.goal, told.funded, told.running) == (500, 1, 1)
    assert [(row.title, row.amount) for row in told.newest] == [
        ("Coffee dryer house", won(4_000_000))
    ]
    assert told.newest[0].url.endswith(program.slug)


def test_a_cooperative_shows_the_programs_of_its_village(reader):
    a_share(9_000_000)
    cooperative, other = a_cooperative(), a_cooperative()
    assert show_on_cooperative(cooperative) == ""

    approved(a_program(1_000, cooperative_id=cooperative.id))

    assert "Coffee dryer house" in show_on_cooperative(cooperative)
    assert show_on_cooperative(other) == ""


def test_an_order_leads_to_the_program_it_pays_for(client):
    a_market()
    order = a_paid_order()
    waiting = trace_order(order.number)
    assert (waiting.held, waiting.funds) == (won(3_000), ())
    released(the_parcel(order))
    a_share(5_000_000)
    program = approved(a_program(1_000_000))

    trace = trace_order(order.number)

    # 70% of the share of 3,000 won lies in the programs' fund, and is the oldest there.
    assert trace.by_program() == [(program, won(2_100))]
    assert (trace.held, trace.total) == (won(0), won(3_000))
    buyer = db.session.get(User, order.user_id)
    sign_in(client, buyer)
    page = client.get(f"/en/orders/{order.number}").text
    assert program.slug in page
    assert "₩2,100 for a village program" in page


def test_a_trace_costs_two_queries_however_many_programs(reader):
    entries = [a_share(1_000, order="L-1") for _ in range(3)]
    for _ in range(4):
        approved(a_program(600))
    statements = []

    def note(_connection, _cursor, statement, *_more):
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        steps = trace_steps(Order(number="L-1"), entries)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert len(steps) == 4
    assert len([s for s in statements if s.startswith("SELECT")]) == 2
    assert sum(use.amount.minor for use in list_uses(entries)) == 2_400
