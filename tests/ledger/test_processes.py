"""Eight processes write at once: none is turned away by a lock, no fund is overdrawn."""

from __future__ import annotations

import multiprocessing
import os
import random
import traceback

import pytest

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.errors import Overdrawn
from marketplace.ledger.operations import lock_accounts, post
from marketplace.ledger.operations.sealing import seal_entries
from marketplace.ledger.queries import balance, credit_balance
from marketplace.ledger.queries.audits import run_checks
from tests.ledger.drafts import a_draft
from tests.ledger.sealing import SIGNER, use_known_key

PROCESSES = 8
SHARES = 30
FUNDS = ("funds:village:programs", "funds:village:training", "funds:village:youth")
SIGNERS = {"proposed_by": 1, "approved_by": 2}
SALE = {
    "assets:stripe": won(1_000),
    "liabilities:coop:gayo:held": won(-970),
    "funds:village:held": won(-30),
}


def in_processes(act):
    """What `act(number)` returned in each of eight forked processes; a fault comes as its text."""
    db.session.remove()
    db.engine.dispose()
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(PROCESSES), fork.SimpleQueue()

    def run(number):
        try:
            random.seed(number)
            start.wait()
            answer = act(number)
            answers.put(answer)
        except BaseException:
            answers.put(traceback.format_exc())
        finally:
            os._exit(0)

    processes = [fork.Process(target=run, args=(number,)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return found


def trade(number):
    """Sales between spendings from two funds, in any order; how many spendings were refused."""
    refused = 0
    for share in range(SHARES):
        with transaction():
            post(a_draft(SALE, key=f"sale:{number}:{share}"))
        funds = random.sample(FUNDS, 2)
        try:
            with transaction():
                lock_accounts([f"{fund}:krw" for fund in funds])
                for fund in funds:
                    lines = {fund: won(100), "funds:program:P-1:committed": won(-100)}
                    key = f"spend:{number}:{share}:{fund}"
                    post(a_draft(lines, key=key, kind="allocation", **SIGNERS))
        except Overdrawn:
            refused += 1
    return refused


def watch():
    """Seal and audit while the others write; what the audits found.

    No program spends here, so nobody notes lots (I9).
    """
    broken = []
    for _ in range(5):
        with transaction():
            seal_entries(SIGNER, at=now())
        found = [result for result in run_checks(now()) if result.count]
        broken += [result for result in found if result.rule != "I9"]
        db.session.rollback()
    return broken


@pytest.mark.usefixtures("committed")
def test_what_eight_processes_write_at_once_all_comes_through():
    use_known_key()
    with transaction():
        for fund in FUNDS:
            post(a_draft({"assets:bank-trust": won(6_000), fund: won(-6_000)}, key=fund))

    answers = in_processes(lambda number: trade(number) if number else watch())

    assert [answer for answer in answers if isinstance(answer, str)] == []
    assert [answer for answer in answers if isinstance(answer, list)] == [[]]
    refused = sum(answer for answer in answers if isinstance(answer, int))
    spent = 200 * ((PROCESSES - 1) * SHARES - refused)
    assert refused > 0
    assert balance("assets:stripe:krw") == won(1_000 * (PROCESSES - 1) * SHARES)
    assert credit_balance("funds:program:P-1:committed:krw") == won(spent)
    left = [credit_balance(f"{fund}:krw") for fund in FUNDS]
    assert all(money >= won(0) for money in left)
    assert sum(left, won(0)) == won(18_000 - spent)
