"""Which sales paid for which program: first in, first out, the same sum from both ends."""

import pytest
from flask import current_app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.operations.sealing import seal_entries
from marketplace.ledger.queries import credit_balance
from marketplace.reinvestment.audit import check_sealed_lots
from marketplace.reinvestment.errors import FundExhausted, NotSealedYet
from marketplace.reinvestment.models import Allocation, LotUse, Program, ProgramState
from marketplace.reinvestment.operations import approve_program, finish_program
from marketplace.reinvestment.policies import allocate
from marketplace.reinvestment.queries import backing_of, list_uses, trace_order
from marketplace.sealing import read_seal_key
from tests.factories import NOON
from tests.ledger.tampering import tamper
from tests.reinvestment.world import (
    a_pledge,
    a_program,
    a_share,
    a_village,
    an_admin,
    approved,
    paid,
    sealed_books,
)

pytestmark = pytest.mark.usefixtures("database")


def signed(program):
    """Signed as things are, without a seal made for it."""
    second = an_admin("Lee Seoyeon").id
    approve_program(program, by=second, body_sha256=program.body_sha256, at=NOON)
    return program


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


def test_money_whose_entry_is_not_sealed_yet_waits_and_nothing_is_booked():
    a_share(300)
    sealed_books()
    a_share(200)
    program = a_program(400)

    with pytest.raises(NotSealedYet) as refused:
        signed(program)

    assert refused.value.facts == {"sealed": won(300)}
    assert program.state is ProgramState.PROPOSED
    assert db.session.scalar(select(func.count()).select_from(LotUse)) == 0
    assert credit_balance("funds:village:programs:krw") == won(500)
    sealed_books()
    signed(program)
    assert program.state is ProgramState.APPROVED


def test_what_is_sealed_is_spent_while_more_waits_for_its_seal():
    sealed = a_share(300)
    sealed_books()
    a_share(200)

    assert uses_of(signed(a_program(300))) == [(sealed, 300)]


def test_a_fund_that_is_too_small_is_exhausted_sealed_or_not():
    a_share(300)

    with pytest.raises(FundExhausted):
        signed(a_program(400))


def test_lots_are_spent_in_the_order_of_their_seals_and_given_back_the_other_way_round():
    committed_late, first = a_share(300), a_share(200)
    seal_entries(read_seal_key(current_app.config["LUMBUNG"]), at=NOON, since=first)
    sealed_books()

    program = approved(a_program(400))

    assert sorted(uses_of(program)) == sorted([(first, 200), (committed_late, 200)])
    paid(program, 150)
    finish_program(program, by=an_admin().id, at=NOON)
    left = {lot: 0 for lot in (first, committed_late)}
    for lot, minor in uses_of(program):
        left[lot] += minor
    assert left == {first: 150, committed_late: 0}


def test_lots_that_were_allocated_before_their_seal_are_named_by_the_audit():
    entry = a_share(300)
    approved(a_program(300))
    sealed_books()
    assert check_sealed_lots(NOON).breaches == []
    tamper("UPDATE ledger_leaves SET leaf_index = leaf_index + 100 WHERE entry_id = :id", id=entry)

    finding = check_sealed_lots(NOON)

    assert (finding.rows, [breach.entry_id for breach in finding.breaches]) == (1, [entry])


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
