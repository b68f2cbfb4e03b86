"""Kept balances are the sums of all lines, whoever commits when."""

import random
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace import checkpoints
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import now
from marketplace.ledger.errors import Overdrawn
from marketplace.ledger.models import BalanceCheckpoint, CheckpointBalance, LateEntry
from marketplace.ledger.operations import post, posting, take_checkpoint
from marketplace.ledger.queries import balance, credit_balance, trial_balance
from marketplace.ledger.queries.checkpoints import find_growth, whole_growth
from marketplace.ledger.queries.invariants.checkpoints import check_checkpoints
from tests.factories import NOON
from tests.ledger.checkpoints import LATER, STRIPE, agree, take
from tests.ledger.drafts import TODAY, a_draft
from tests.ledger.sealing import seal, sell, tamper

MARCH = date(2026, 3, 31)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def slow_clock(monkeypatch):
    """A machine whose clock is an hour behind gives its entries ids of an hour ago."""

    def begin():
        monkeypatch.setattr(posting, "now", lambda: now() - timedelta(hours=1))

    return begin


def test_before_the_first_checkpoint_all_lines_count():
    sell(3)

    assert find_growth(least=1, most=9) is None
    assert balance(STRIPE) == won(3_000)
    assert agree()


def test_a_checkpoint_keeps_what_is_sealed():
    sell(3)
    seal()
    sell(2)

    checkpoint = take()

    kept = db.session.scalars(sa.select(CheckpointBalance.minor)).all()
    assert (checkpoint.number, checkpoint.size) == (1, 3)
    assert sorted(kept) == [-2_910, -90, 3_000]
    assert balance(STRIPE) == won(5_000)
    assert agree()


def test_only_accounts_that_changed_get_another_row():
    sell()
    seal()
    take()
    with transaction():
        post(a_draft({"assets:bank": won(5), "assets:stripe": won(-5)}))
    seal()

    second = take()

    rows = db.session.scalars(
        sa.select(CheckpointBalance.minor).where(CheckpointBalance.number == second.number)
    )
    assert sorted(rows) == [5, 995]
    assert balance("funds:village:held:krw") == won(-30)
    assert agree()


def test_few_entries_are_not_worth_a_checkpoint():
    sell(3)
    seal()

    assert find_growth(least=4, most=9) is None


def test_the_worker_keeps_balances_once_enough_is_sealed(monkeypatch):
    monkeypatch.setattr(checkpoints, "LEAST", 3)
    sell(2)
    seal()
    few = checkpoints.keep_balances()
    sell(2)
    seal()

    assert (few, checkpoints.keep_balances(), checkpoints.keep_balances()) == (0, 1, 0)
    assert checkpoints.keep_balances_anew()
    assert agree()


def test_many_entries_take_several():
    sell(5)
    seal()

    sizes = [take(most=2).size, take(most=2).size, take(most=2).size]

    assert sizes == [2, 4, 5]
    assert find_growth(least=1, most=2) is None
    assert agree()


def test_of_two_takers_the_second_takes_nothing():
    sell()
    seal()
    growth = find_growth(least=1, most=9)
    take()

    assert take_checkpoint(growth, at=now()) is None
    assert db.session.query(BalanceCheckpoint).count() == 1


def test_an_entry_from_a_slow_clock_is_noted_and_counts_at_once(slow_clock):
    sell(2)
    seal()
    take()
    slow_clock()

    (late,) = sell()

    assert db.session.scalars(sa.select(LateEntry.entry_id)).all() == [late]
    assert balance(STRIPE) == won(3_000)
    assert agree()


def test_a_late_entry_counts_once_when_it_is_sealed_too(slow_clock):
    sell(2)
    seal()
    take()
    slow_clock()
    sell()
    seal()

    assert agree()
    take()
    assert agree()
    take_checkpoint(whole_growth(), at=now() - timedelta(hours=2))
    assert agree()


def test_a_clock_that_ran_ahead_makes_nothing_wrong():
    sell()
    seal()
    take(at=now() + timedelta(days=1_000))
    sell()
    assert agree()
    seal()
    take(at=now())
    sell()

    assert balance(STRIPE) == won(3_000)
    assert agree()


def test_a_late_entry_cannot_be_spent_twice(slow_clock):
    with transaction():
        post(a_draft({"assets:bank": won(100), "funds:village:youth": won(-100)}))
    seal()
    take()
    slow_clock()
    spent = {"funds:village:youth": won(80), "funds:program:P-1:committed": won(-80)}
    with transaction():
        post(a_draft(spent))

    with pytest.raises(Overdrawn) as refused:
        post(a_draft(spent))

    assert refused.value.facts["available"] == won(20)
    assert credit_balance("funds:village:youth:krw") == won(20)


@pytest.mark.parametrize("on", [MARCH, TODAY - timedelta(days=1), TODAY])
def test_a_day_has_its_balance_however_late_it_is_booked(on):
    sell(2, on=MARCH)
    sell(on=TODAY)
    seal()
    take()
    sell(on=TODAY)
    sell(on=MARCH)

    expected = won(5_000 if on == TODAY else 3_000)
    assert balance(STRIPE, on) == expected
    assert {row.account.code: row.balance for row in trial_balance(on).rows}[STRIPE] == expected
    assert balance(STRIPE, MARCH - timedelta(days=1)) == won(0)
    assert trial_balance(MARCH - timedelta(days=1)).rows == ()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_in_whatever_order_they_agree(seed, monkeypatch):
    dice = random.Random(seed)
    drift = [timedelta(0)]
    monkeypatch.setattr(posting, "now", lambda: now() + drift[0])
    days = [TODAY - timedelta(days=number) for number in range(4)]
    booked = {day: 0 for day in days}
    for _ in range(30):
        act = dice.choice(["sell", "sell", "seal", "take", "drift"])
        if act == "sell":
            day, times = dice.choice(days), dice.randint(1, 3)
            booked[day] += 1_000 * times
            sell(times, on=day)
        elif act == "seal":
            seal()
        elif act == "drift":
            drift[0] = timedelta(seconds=dice.randint(-90, 90))
        elif find_growth(least=1, most=3):
            take(at=now() + timedelta(seconds=dice.randint(-60, 120)), most=3)
        assert agree()
    for day in days:
        until = sum(minor for other, minor in booked.items() if other <= day)
        assert balance(STRIPE, day) == won(until)


def test_a_wrong_checkpoint_is_found_and_counted_anew():
    sell(2)
    seal()
    take()
    tamper("UPDATE ledger_checkpoint_balances SET minor = minor + 7 WHERE minor > 0")

    (breach,) = check_checkpoints(NOON).breaches
    with transaction():
        take_checkpoint(whole_growth(), at=now() + LATER)

    assert breach.facts == {"account": STRIPE, "kept": won(2_007), "counted": won(2_000)}
    assert agree()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_balance_checkpoints SET size = 0",
        "DELETE FROM ledger_checkpoint_balances",
        "UPDATE ledger_checkpoint_balances SET minor = 0",
        "DELETE FROM ledger_late_entries",
    ],
)
def test_what_is_kept_only_grows(slow_clock, statement):
    sell()
    seal()
    take()
    slow_clock()
    sell()

    with pytest.raises(IntegrityError, match="only grow"), db.session.begin_nested():
        db.session.execute(sa.text(statement))


def test_currencies_are_not_mixed():
    idr = Money(100, "IDR")
    with transaction():
        post(a_draft({"assets:payout-transit": idr, "equity:trading:idr-krw": -idr}))
    seal()
    take()

    assert balance("equity:trading:idr-krw:idr") == -idr
