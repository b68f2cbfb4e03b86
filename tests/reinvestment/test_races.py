"""Admins at the same moment, on real connections."""

import threading

from sqlalchemy import func, select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.ledger.queries import credit_balance, entries_about
from marketplace.reinvestment.models import LotUse, Program, ProgramState, ProgramTheme
from marketplace.reinvestment.operations import (
    approve_program,
    propose_disbursement,
    release_disbursement,
)
from tests.factories import NOON
from tests.reinvestment.world import a_pledge, a_program, a_share, an_admin, approved, sealed_books


def at_once(app, *acts):
    """Run every act in a thread of its own; returns what each raised, or None."""
    start = threading.Barrier(len(acts))
    outcomes = [None] * len(acts)

    def run(place, act):
        with app.app_context():
            start.wait()
            try:
                with transaction():
                    act()
            except Exception as error:
                outcomes[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    return [type(outcome).__name__ for outcome in outcomes]


def sign(program_id, by):
    def act():
        program = db.session.get(Program, program_id)
        approve_program(program, by=by, body_sha256=program.body_sha256, at=NOON)

    return act


def test_approvals_at_the_same_moment_never_overdraw_a_fund(committed):
    with transaction():
        for _ in range(4):
            a_share(250)
        a_share(100, "training")
        a_pledge(500, received=500)
        second = an_admin().id
        themes = [ProgramTheme.TOOLS, ProgramTheme.TRAINING]
        programs = [a_program(300, theme=themes[n % 2]).id for n in range(8)]
        sealed_books()

    outcomes = at_once(committed, *(sign(key, second) for key in programs))

    # 1,600 won in all: five programs of 300 fit, whoever comes first.
    assert sorted(outcomes) == ["FundExhausted"] * 3 + ["NoneType"] * 5
    funds = ["programs", "training"]
    left = [credit_balance(f"funds:village:{fund}:krw").minor for fund in funds]
    assert min(left) >= 0
    assert db.session.scalar(select(func.sum(LotUse.amount))) == 1_500
    states = db.session.scalars(select(Program.state)).all()
    assert states.count(ProgramState.APPROVED) == 5


def test_two_people_signing_the_same_proposal_commit_it_once(committed):
    with transaction():
        a_share(1_000)
        program = a_program(400)
        key, number, admins = program.id, program.number, [an_admin().id for _ in range(4)]
        sealed_books()

    outcomes = at_once(committed, *(sign(key, admin) for admin in admins))

    assert sorted(outcomes) == ["AlreadyDecided"] * 3 + ["NoneType"]
    assert len(entries_about("program", number)) == 1
    assert credit_balance("funds:village:programs:krw") == won(600)


def test_releases_at_the_same_moment_never_pass_what_is_committed(committed):
    with transaction():
        a_share(1_000)
        program = approved(a_program(1_000))
        first, second = an_admin().id, an_admin().id
        parts = [
            propose_disbursement(program, won(250), purpose="Tahap", by=first, at=NOON)
            for _ in range(4)
        ]
        number = program.number

    def release(part):
        return lambda: release_disbursement(part, by=second, at=NOON)

    outcomes = at_once(committed, *(release(part) for part in parts for _ in range(2)))

    assert sorted(outcomes) == ["AlreadyReleased"] * 4 + ["NoneType"] * 4
    assert len(entries_about("program", number)) == 5
    assert credit_balance(f"funds:program:{number}:committed:krw") == won(0)
