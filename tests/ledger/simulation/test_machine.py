"""Whatever happens, in whatever order: the books agree with the reference and with every rule.

A longer look is `make soak`, which sets SOAK_MINUTES. Hypothesis prints the steps of a failure; its
seed (SIMULATION_SEED) repeats it.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import time

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.ledger.models import LedgerEntry
from marketplace.reference.queries import rates
from tests.conftest import build, fresh_database
from tests.conftest import settings as settings_of
from tests.ledger.simulation.databases import Databases
from tests.ledger.simulation.world import COUNTED, STEPS, World

SOAK_SECONDS = 60 * float(os.environ.get("SOAK_MINUTES", "0"))
KINDS = {
    *("opening", "sale", "stripe_fee", "release", "refund", "unwanted_payment"),
    *("unwanted_payment_returned", "payout", "payout_settled", "payout_rejected"),
    *("pledge", "pledge_received", "allocation", "disbursement", "disbursement_settled"),
}
SEED = int(os.environ.get("SIMULATION_SEED", "0"))
NAMES = [name for name, often in STEPS.items() for _ in range(often)]
# Mostly nothing happens; else the process dies before its n-th statement.
DEATHS = st.just(0) | st.just(0) | st.integers(1, 40)


class Simulation(RuleBasedStateMachine):
    """One history of the market, on a database of its own."""

    databases = None

    def __init__(self):
        super().__init__()
        self.databases.renew()
        self.world = World()
        self.world.begin()

    @rule(
        name=st.sampled_from(NAMES),
        which=st.integers(0, 5),
        size=st.integers(1, 60),
        kill=DEATHS,
    )
    def step(self, name, which, size, kill):
        self.world.step(name, which, size, kill)

    def teardown(self):
        if sys.exc_info()[0] is None:
            self.world.finish()


def run_histories(count, steps, number):
    wanted = settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(Simulation), settings=wanted)
    except BaseException as failure:
        failure.add_note(f"Repeat it with SIMULATION_SEED={number}")
        raise


@pytest.fixture
def simulation(committed, monkeypatch):
    monkeypatch.setattr(Simulation, "databases", Databases())


@pytest.mark.usefixtures("simulation")
def test_every_history_agrees_with_the_reference():
    run_histories(4, 30, SEED or secrets.randbits(32))


@pytest.mark.skipif(not SOAK_SECONDS, reason="make soak")
@pytest.mark.usefixtures("simulation")
def test_long_histories_agree_with_the_reference():
    until = time.monotonic() + SOAK_SECONDS
    while time.monotonic() < until:
        run_histories(4, 250, secrets.randbits(32))


def live_through(seed, steps):
    """A history that the dice choose; the root of its seals."""
    dice, world = random.Random(seed), World(seed)
    world.begin()
    for _ in range(steps):
        name, which, size = dice.choice(NAMES), dice.randint(0, 5), dice.randint(1, 60)
        kill = dice.choice([0, 0, dice.randint(1, 40)])
        world.step(name, which, size, 0 if name in COUNTED else kill)
    world.finish()
    return world.head, set(db.session.scalars(select(LedgerEntry.kind)))


def test_the_same_history_has_the_same_root_on_every_engine(engine_name, tmp_path):
    lives = []
    for place, engine in enumerate(("sqlite", engine_name)):
        folder = tmp_path / str(place)
        folder.mkdir()
        app = build(settings_of(fresh_database(engine, folder), folder))
        with app.app_context():
            rates.forget()
            lives.append(live_through(7, 60))
            db.session.remove()
            db.engine.dispose()

    assert lives[0] == lives[1]
    assert lives[0][1] >= KINDS
