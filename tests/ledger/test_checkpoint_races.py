"""Kept balances while others write, with real commits."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.operations import post, take_checkpoint
from marketplace.ledger.queries import balance
from marketplace.ledger.queries.checkpoints import find_growth
from marketplace.ledger.queries.invariants.checkpoints import check_checkpoints
from tests.factories import NOON
from tests.ledger.checkpoints import LATER, STRIPE, agree, take
from tests.ledger.drafts import a_draft
from tests.ledger.sealing import SALE, seal, sell


def in_threads(app, *acts):
    """Each of `acts` in a thread of its own, with its own session."""

    def run(act):
        with app.app_context():
            try:
                return act()
            finally:
                db.session.remove()

    pool = ThreadPoolExecutor(len(acts))
    return [pool.submit(run, act) for act in acts]


def test_an_entry_that_commits_after_the_checkpoint_is_not_lost(committed, engine_name):
    """Its id is lower than those that the checkpoint keeps: ids do not commit in order."""
    written, go_on = Event(), Event()

    def slow():
        with transaction():
            post(a_draft(SALE))
            written.set()
            go_on.wait(20)

    if engine_name == "sqlite":
        pytest.skip("there is one writer at a time")
    sell()
    (late,) = in_threads(committed, slow)
    written.wait(20)
    sell(2)
    seal()

    under_way = take()
    go_on.set()
    late.result(20)

    assert under_way is None
    assert take().size == 3
    assert balance(STRIPE) == won(4_000)
    assert agree()
    seal()
    take()
    assert agree()


def test_writers_sealers_and_readers_at_once_agree(committed):
    """Balances are read all the time, and never fall while nothing is taken out."""
    done = Event()

    def write():
        for _ in range(25):
            sell()

    def keep():
        taken = 0
        while not done.is_set():
            seal()
            if growth := find_growth(least=1, most=10):
                with transaction():
                    taken += take_checkpoint(growth, at=now() + LATER) is not None
            db.session.rollback()
        return taken

    def look():
        seen = []
        while not done.is_set():
            seen.append(balance(STRIPE).minor)
            assert check_checkpoints(NOON).breaches == []
            db.session.rollback()
        return seen

    sell()
    others = in_threads(committed, keep, look)
    for writer in in_threads(committed, write, write, write):
        writer.result(60)
    done.set()
    taken, seen = (other.result(60) for other in others)

    assert taken > 0
    assert seen == sorted(seen)
    db.session.rollback()
    assert balance(STRIPE) == won(76_000)
    assert agree()
