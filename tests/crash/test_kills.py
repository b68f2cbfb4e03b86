"""The web server and the worker die in the middle of a storm; the books do not notice.

`make soak` kills them fifty times on each engine (SOAK_KILLS).
"""

from __future__ import annotations

import os
import random
import time

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Role, RoleGrant, User
from marketplace.accounts.operations import create_user
from marketplace.catalog.models import Product
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance, credit_balance
from marketplace.ledger.queries.audits import run_checks
from marketplace.ledger.queries.sealing import has_unsealed
from marketplace.ledger.queries.sealing_faults import check_seal
from marketplace.orders.models import Order, OrderState
from marketplace.payments.models import PaymentState
from marketplace.payments.operations import plan_payment
from marketplace.reference.queries import rates
from marketplace.reinvestment.models import Program, ProgramState
from marketplace.sealing import read_seal_key
from tests.crash.servers import Servers
from tests.crash.storm import PASSWORD, Admin, Paid, Signed, Storm
from tests.factories import a_cooperative, a_fund_of, a_user
from tests.orders.world import a_market, an_order, some_goods
from tests.reinvestment.world import a_program, an_admin, sealed_books

KILLS = int(os.environ.get("SOAK_KILLS", "3"))
ORDERS, PROGRAMS = 40, 6
ASKED = 1_000


@pytest.fixture
def servers(committed, tmp_path):
    servers = Servers(
        {
            **os.environ,
            "LUMBUNG_DEMO": "1",
            "SECRET_KEY": "tests-only",
            "DATABASE_URL": db.engine.url.render_as_string(hide_password=False),
            "LUMBUNG_INSTANCE": str(tmp_path),
            "LUMBUNG_RATE_LIMITS": "0",
            "CRASH_LOG": str(tmp_path / "servers.log"),
        }
    )
    yield servers
    servers.kill()


def set_up():
    with transaction():
        a_market()
        shelf = [some_goods(a_cooperative(slug=slug), stock=10**6).id for slug in ("gayo", "toba")]
        # For two thirds of what will be asked for.
        a_fund_of(won(KILLS * PROGRAMS * ASKED * 2 // 3))
        sealed_books()
        signer = create_user("signer@example.com", "Lee", PASSWORD, locale="en", at=now())
        signer.roles.append(RoleGrant(role=Role.ADMIN, granted_at=now()))
        return shelf, a_user().id, an_admin().id


def more_to_send(world, admin):
    """Orders whose buyers have paid at Stripe, and proposals that wait for a signature."""
    shelf, buyer, proposer = world
    events = []
    rates.forget()
    with transaction():
        user, by = db.session.get_one(User, buyer), db.session.get_one(User, proposer)
        goods = [db.session.get_one(Product, number) for number in shelf]
        for product in goods:
            db.session.refresh(product, ["variants"])
        for number in range(ORDERS):
            order = an_order({goods[number % 2]: 1, goods[0]: 1}, user=user, at=now())
            payment = plan_payment("order", order.number, won(order.total_minor), at=now())
            payment.session_id = f"cs_test_{payment.id}_{payment.minor}"
            payment.session_url = "https://checkout.stripe.com/"
            payment.state = PaymentState.OPEN
            events.append(Paid(order.number, payment.session_id))
        programs = [a_program(ASKED, by=by, at=now()) for _ in range(PROGRAMS)]
        signatures = [Signed(row.number, row.body_sha256, admin) for row in programs]
    db.session.remove()
    things = events + signatures
    random.shuffle(things)
    return things


def lost(taken):
    """What was said to be taken and is not in the books."""
    said = {
        f"order_paid:{thing.number}" if isinstance(thing, Paid) else f"allocation:{thing.number}"
        for thing in taken
        if isinstance(thing, Paid) or thing.is_signed
    }
    found = set(db.session.scalars(select(LedgerEntry.idem_key)))
    db.session.remove()
    return said - found


def wait_until_sealed():
    until = time.monotonic() + 60
    while has_unsealed():
        assert time.monotonic() < until, "nobody seals"
        db.session.rollback()
        time.sleep(0.1)
    db.session.rollback()


def test_nothing_paid_is_lost_or_doubled_when_the_processes_are_killed(committed, servers):
    world, admin, storm = set_up(), Admin("signer@example.com"), Storm(servers)
    servers.start()
    admin.sign_in(servers)
    everything = []
    for _ in range(KILLS):
        things = more_to_send(world, admin)
        everything += things
        storm.waiting.extend(things)
        if not servers.running:
            servers.start()
        storm.blow(answers=random.randrange(1, ORDERS // 2))
        assert lost(storm.taken) == set()
    acknowledged = len(storm.taken)
    servers.start()
    storm.blow()
    # Stripe and an impatient admin say everything once more.
    storm.waiting.extend(everything)
    storm.blow()
    wait_until_sealed()

    assert 0 < acknowledged < len(everything)
    orders = db.session.scalars(select(Order)).all()
    assert {order.state for order in orders} == {OrderState.PAID}
    sales = db.session.scalars(select(LedgerEntry.ref_id).where(LedgerEntry.kind == "sale")).all()
    assert sorted(sales) == sorted(order.number for order in orders)
    paid = sum(order.total_minor for order in orders)
    fees = balance("expenses:stripe-fee:krw").minor
    assert balance("assets:stripe:krw").minor == paid - fees
    approved = set(
        db.session.scalars(select(Program.number).where(Program.state == ProgramState.APPROVED))
    )
    assert approved == {
        thing.number for thing in everything if isinstance(thing, Signed) and thing.is_signed
    }
    assert len(approved) == KILLS * PROGRAMS * 2 // 3
    assert credit_balance("funds:village:programs:krw") == won(0)
    assert [result for result in run_checks(now()) if result.count] == []
    signer = read_seal_key(committed.config["LUMBUNG"])
    assert check_seal(signer.verifier).faults == []
    log = (committed.config["LUMBUNG"].instance / "servers.log").read_text()
    assert "database is locked" not in log
    assert "deadlock detected" not in log
