"""Many at once, with real commits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

from sqlalchemy import event

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.ledger.errors import AlreadyReversed, IdempotencyConflict, Overdrawn
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.operations import lock_accounts, post, reverse
from marketplace.ledger.queries import balance, credit_balance, list_accounts, trial_balance
from tests.factories import NOON
from tests.ledger.drafts import TODAY, a_draft

THREADS = 8
SALE = {
    "assets:stripe": won(1_000),
    "liabilities:coop:gayo:held": won(-970),
    "funds:village:held": won(-30),
}


def at_once(app, *acts):
    """Run each of `acts` in a thread and a transaction of its own; their results or refusals."""
    start = Barrier(len(acts))

    def run(act):
        with app.app_context():
            try:
                start.wait()
                with transaction():
                    return act()
            except (AlreadyReversed, IdempotencyConflict, Overdrawn) as refusal:
                return refusal
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def count_entries() -> int:
    db.session.rollback()
    return db.session.query(LedgerEntry).count()


def fund(amount: int) -> None:
    with transaction():
        post(a_draft({"assets:bank": won(amount), "funds:village:programs": won(-amount)}))


def spending(amount: int, key: str | None = None):
    return lambda: post(
        a_draft(
            {"funds:village:programs": won(amount), "funds:program:P-1:committed": won(-amount)},
            key=key,
            kind="allocation",
        )
    )


def test_one_fact_from_many_sides_is_one_entry(committed):
    results = at_once(committed, *[lambda: post(a_draft(SALE, key="order_paid:pi_1"))] * THREADS)

    assert len(set(results)) == 1
    assert count_entries() == 1
    assert balance("assets:stripe:krw") == won(1_000)


def test_of_two_facts_under_one_key_the_second_is_refused(committed):
    def claim(amount):
        lines = {"assets:stripe": won(amount), "liabilities:shipping": won(-amount)}
        return lambda: post(a_draft(lines, key="order_paid:pi_1"))

    results = at_once(committed, *[claim(amount) for amount in range(1, THREADS + 1)])

    assert sum(isinstance(result, IdempotencyConflict) for result in results) == THREADS - 1
    assert count_entries() == 1


def test_first_uses_of_the_same_accounts_open_them_once(committed):
    paths = [f"liabilities:coop:c{number}:held" for number in range(6)]
    forward = {"assets:stripe": won(600)} | {path: won(-100) for path in paths}
    backward = dict(reversed(forward.items()))

    results = at_once(
        committed, *[lambda: post(a_draft(forward)), lambda: post(a_draft(backward))] * 4
    )

    assert len(set(results)) == THREADS
    assert balance("assets:stripe:krw") == won(600 * THREADS)
    assert len(list_accounts()) == 7


def test_an_oversubscribed_fund_is_never_overdrawn(committed):
    fund(1_000)

    results = at_once(committed, *[spending(300)] * THREADS)

    refusals = [result for result in results if isinstance(result, Overdrawn)]
    assert [refusal.facts["available"] for refusal in refusals] == [won(100)] * (THREADS - 3)
    db.session.rollback()
    assert credit_balance("funds:village:programs:krw") == won(100)
    assert credit_balance("funds:program:P-1:committed:krw") == won(900)


def test_one_spending_from_many_sides_is_spent_once(committed):
    fund(1_000)

    results = at_once(committed, *[spending(1_000, key="allocation:A-1")] * THREADS)

    assert len(set(results)) == 1
    db.session.rollback()
    assert credit_balance("funds:village:programs:krw") == won(0)


def test_spending_from_two_funds_in_any_order_makes_nobody_wait_for_ever(committed):
    fund(10_000)
    with transaction():
        post(a_draft({"assets:bank": won(10_000), "funds:village:training": won(-10_000)}))

    def both(paths):
        def act():
            lock_accounts([f"{path}:krw" for path in paths])
            for path in paths:
                post(a_draft({path: won(1_000), "funds:program:P-1:committed": won(-1_000)}))

        return act

    funds = ["funds:village:programs", "funds:village:training"]
    at_once(committed, *[both(funds), both(funds[::-1])] * 4)

    db.session.rollback()
    assert [credit_balance(f"{path}:krw") for path in funds] == [won(2_000)] * 2


def test_an_entry_is_reversed_once(committed):
    with transaction():
        sale = post(a_draft(SALE))

    def undo(person):
        return lambda: reverse(
            sale, occurred_at=NOON, effective_on=TODAY, memo="", proposed_by=person
        )

    results = at_once(committed, *[undo(person) for person in range(THREADS)])

    assert sum(isinstance(result, int) for result in results) == 1
    assert count_entries() == 2
    assert trial_balance(date(2026, 12, 31)).rows == ()


def test_recording_reads_no_balance_and_takes_no_lock(committed, engine_name):
    with transaction():
        post(a_draft(SALE))
    statements = []

    def note(connection, cursor, statement, *_):
        statements.append(statement.split()[0])

    event.listen(db.engine, "before_cursor_execute", note)
    with transaction():
        post(a_draft(SALE))

    if engine_name == "postgresql":
        assert statements == ["SELECT"]
    else:
        assert statements == ["BEGIN", "SELECT", "SAVEPOINT", "INSERT", "INSERT", "RELEASE"]
