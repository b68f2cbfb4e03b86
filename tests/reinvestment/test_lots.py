"""Which sales paid for which program: first in, first out, the same sum from both ends."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.queries import credit_balance
from marketplace.reinvestment.errors import FundExhausted
from marketplace.reinvestment.models import Allocation, LotUse, Program, ProgramState
from marketplace.reinvestment.operations import finish_program
from marketplace.reinvestment.policies import allocate
from marketplace.reinvestment.queries import backing_of, list_uses, trace_order
from tests.factories import NOON
from tests.reinvestment.world import (
    a_pledge,
    a_program,
    a_share,
    a_village,
    an_admin,
    approved,
    paid,
)

pytestmark = pytest.mark.usefixtures("database")


def uses_of(program):
    rows = db.session.execute(
        select(LotUse.lot_entry_id, LotUse.amount)
        .join(Allocation, Allocation.entry_id == LotUse.entry_id)
        .where(Allocation.program_id == program.id)
        .order_by(LotUse.lot_entry_id)
    )
    return [tuple(row) for row in rows]


def test_the_oldest_shares_are_spent_first():
    first, second, third = a_share(300), a_share(200), a_share(100)

    one, two = approved(a_program(400)), approved(a_program(150))

    assert uses_of(one) == [(first, 300), (second, 100)]
    assert uses_of(two) == [(second, 100), (third, 50)]


def test_purposes_never_mix():
    a_share(300, "training")
    spent = a_share(300, "programs")
    a_pledge(300, received=300, theme="youth")

    assert uses_of(approved(a_program(300))) == [(spent, 300)]


def test_an_order_and_a_program_tell_the_same_sum():
    a_share(300, order="L-1")
    a_share(200, order="L-1")
    a_share(200, order="L-2")
    pledge = a_pledge(1_000, received=1_000)

    program = approved(a_program(900))

    backing = {row.kind: (row.count, row.amount) for row in backing_of(program)}
    assert backing == {"order": (2, won(700)), "pledge": (1, won(200))}
    assert trace_order("L-1").by_program() == [(program, won(500))]
    assert trace_order("L-2").by_program() == [(program, won(200))]
    assert credit_balance(f"funds:csr:{pledge.number}:available:krw") == won(800)


def test_a_trace_says_what_is_still_free():
    entry = a_share(300, order="L-1")
    program = approved(a_program(120))

    trace = trace_order("L-1")

    (fund,) = trace.funds
    assert (fund.amount, fund.used, fund.free) == (won(300), won(120), won(180))
    assert trace.held == won(0)
    assert [use.program for use in list_uses([entry])] == [program]


def test_returned_money_opens_its_lots_again():
    first = a_share(300)
    a_share(300)
    program = approved(a_program(400))
    paid(program, 250)
    finish_program(program, by=an_admin().id, at=NOON)

    assert uses_of_lot(first) == 250
    assert [row.amount for row in backing_of(program)] == [won(250)]

    approved(a_program(350))

    assert uses_of_lot(first) == 300
    assert db.session.scalar(select(func.sum(LotUse.amount))) == 600


def uses_of_lot(entry_id):
    return db.session.scalar(select(func.sum(LotUse.amount)).where(LotUse.lot_entry_id == entry_id))


def they_agree(shares, asked):
    lots = [a_share(amount) for amount in shares]
    spent = 0
    for amount in asked:
        program = a_program(amount)
        if amount > sum(shares) - spent:
            with pytest.raises(FundExhausted):
                approved(program)
            continue
        approved(program)
        spent += amount
        assert sum(used for _, used in uses_of(program)) == amount

    used = [uses_of_lot(lot) or 0 for lot in lots]
    assert sum(used) == spent
    assert credit_balance("funds:village:programs:krw") == won(sum(shares) - spent)
    # First in, first out: whole lots, one in part, then untouched ones.
    state = [0 if u == 0 else 1 if u < s else 2 for u, s in zip(used, shares, strict=True)]
    assert state == sorted(state, reverse=True)
    assert state.count(1) <= 1
    funded = select(func.count()).select_from(Program).where(Program.state == ProgramState.APPROVED)
    assert db.session.scalar(funded) == db.session.scalar(
        select(func.count(Allocation.program_id.distinct()))
    )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    shares=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    asked=st.lists(st.integers(2, 60), min_size=1, max_size=6),
)
def test_whatever_is_asked_lots_and_fund_agree_to_the_won(database, shares, asked):
    a_village()
    savepoint = db.session.begin_nested()
    try:
        they_agree(shares, asked)
    finally:
        savepoint.rollback()
        db.session.expunge_all()


def test_funds_are_used_in_their_order():
    free = {"a": won(5), "b": won(0), "c": won(9)}

    assert allocate(won(7), free) == {"a": won(5), "c": won(2)}
    with pytest.raises(FundExhausted) as refused:
        allocate(won(15), free)
    assert refused.value.facts == {"available": won(14)}
