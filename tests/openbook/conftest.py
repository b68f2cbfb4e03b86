"""A small made-up world by real operations: two sales, a pledge, a program, a payment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import event

from marketplace.kernel.db import db, transaction
from marketplace.ledger.operations.sealing import seal_entries
from marketplace.orders.models import Order
from marketplace.orders.policies import HELD_WINDOW
from marketplace.reinvestment.models import Pledge, Program
from marketplace.sealing import CODES, read_seal_key
from tests.factories import NOON
from tests.ledger.tampering import tamper
from tests.orders.world import a_market, a_paid_order, released, some_goods, the_parcel
from tests.reinvestment.world import a_pledge, a_program, approved, paid
from tests.stages import Stage, here

LATER = NOON + HELD_WINDOW


@dataclass
class World:
    """Shares 3,000 + 6,000; the first is released: 2,100, 450, 300 and 150 in four funds.

    A company promised 30,000 and sent 10,000. The program of 5,000 took the village's 2,100
    first and 2,900 of the company's; 1,200 of it is paid.
    """

    delivered: Order
    waiting: Order
    pledge: Pledge
    program: Program


def a_world() -> World:
    a_market()
    delivered = a_paid_order({some_goods(): 2})
    waiting = a_paid_order({some_goods(): 4})
    released(the_parcel(delivered), at=LATER)
    pledge = a_pledge(30_000, received=10_000, at=LATER)
    program = approved(a_program(5_000, at=LATER), at=LATER)
    paid(program, 1_200, at=LATER)
    db.session.flush()
    return World(delivered, waiting, pledge, program)


@pytest.fixture
def stage(request, stages) -> Stage | None:
    return stages(a_world) if "world" in request.fixturenames else None


@pytest.fixture
def world(app, database, stage) -> Iterator[World]:
    made = stage.things
    yield World(*map(here, (made.delivered, made.waiting, made.pledge, made.program)))
    # Bundles of other tests are of another history.
    for bundle in (app.config["LUMBUNG"].instance / "bundles").glob("*"):
        bundle.unlink()


@pytest.fixture
def statements(database):
    """What the database is asked while a test runs; clear it before what is to be counted."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT"):
            asked.append(statement)

    engine = db.session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def seal_with(app):
    """Seal what waits with the application's key; returns the head."""
    with transaction():
        return seal_entries(read_seal_key(app.config["LUMBUNG"]), at=LATER, codes=CODES)


@pytest.fixture
def sealed(app, world):
    """All of the world's entries sealed; the newest head."""
    return seal_with(app)


def unseal() -> None:
    """As if no worker had ever run."""
    for table in ("ledger_heads", "ledger_tile_roots", "ledger_leaves"):
        tamper(f"DELETE FROM {table}")
