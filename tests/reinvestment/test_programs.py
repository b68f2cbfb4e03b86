"""A proposal, two people, and the money of a fund."""

import pytest
from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import credit_balance, entries_about
from marketplace.reinvestment.errors import (
    AlreadyDecided,
    BudgetEmpty,
    BudgetLineWrong,
    CooperativeElsewhere,
    FundExhausted,
    NotYourProposal,
    ProposalChanged,
    ReasonMissing,
    SelfApproval,
    VillageMissing,
)
from marketplace.reinvestment.models import Allocation, LotUse, ProgramState, ProgramTheme
from marketplace.reinvestment.operations import (
    Proposal,
    approve_program,
    finish_program,
    propose_program,
    reject_program,
    revise_program,
)
from tests.factories import NOON, a_cooperative, a_regency
from tests.reinvestment.world import (
    a_pledge,
    a_program,
    a_proposal,
    a_share,
    an_admin,
    approved,
    minors,
    paid,
)

pytestmark = pytest.mark.usefixtures("database")


def nothing_is_booked(program):
    return (
        entries_about("program", program.number) == []
        and db.session.scalars(select(Allocation)).all() == []
        and db.session.scalars(select(LotUse)).all() == []
        and program.state is ProgramState.PROPOSED
        and program.approved_by is None
    )


def test_a_proposal_asks_for_the_sum_of_its_budget():
    program = a_program(4_000_000)

    assert program.asked == won(4_000_000)
    assert program.budget == [["Rangka dan atap", 3_999_999], ["Angkutan", 1]]
    assert program.slug == f"rumah-pengering-kopi-{program.number.lower()}"
    assert (program.state, program.regency_code) == (ProgramState.PROPOSED, "11.04")
    assert len(program.body_sha256) == 64


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"village_code": "99.99.99.9999"}, VillageMissing),
        ({"budget": []}, BudgetEmpty),
        ({"budget": [("Atap", won(0))]}, BudgetLineWrong),
        ({"budget": [(" ", won(5))]}, BudgetLineWrong),
    ],
)
def test_a_proposal_needs_a_village_and_a_budget(changes, error):
    whole = a_proposal().__dict__

    with pytest.raises(error):
        propose_program(Proposal(**(whole | changes)), by=an_admin().id, at=NOON)


def test_a_proposal_is_for_a_cooperative_of_the_same_regency():
    elsewhere = a_cooperative(regency=a_regency("33.01", name="Cilacap"))

    with pytest.raises(CooperativeElsewhere):
        a_program(cooperative_id=elsewhere.id)


def test_an_approval_commits_the_money_and_names_both_people():
    a_share(5_000_000)
    first, second = an_admin(), an_admin("Lee Seoyeon")
    program = a_program(4_000_000, by=first)

    approved(program, by=second)

    (entry,) = entries_about("program", program.number)
    assert minors(entry) == {
        "funds:village:programs": 4_000_000,
        f"funds:program:{program.number}:committed": -4_000_000,
    }
    assert (entry.proposed_by, entry.approved_by) == (first.id, second.id)
    assert (program.state, program.approved_by) == (ProgramState.APPROVED, second.id)
    assert credit_balance("funds:village:programs:krw") == won(1_000_000)


def test_nobody_approves_their_own_proposal():
    a_share(5_000_000)
    admin = an_admin()
    program = a_program(by=admin)

    with pytest.raises(SelfApproval):
        approved(program, by=admin)

    assert nothing_is_booked(program)
    assert credit_balance("funds:village:programs:krw") == won(5_000_000)


def test_a_proposal_that_changed_after_it_was_read_cannot_be_signed():
    a_share(5_000_000)
    first = an_admin()
    program = a_program(4_000_000, by=first)
    read = program.body_sha256
    revise_program(program, a_proposal(4_500_000), by=first.id, at=NOON)

    with pytest.raises(ProposalChanged):
        approve_program(program, by=an_admin().id, body_sha256=read, at=NOON)

    assert nothing_is_booked(program)


def test_a_proposal_changed_behind_its_seal_cannot_be_signed():
    a_share(5_000_000)
    program = a_program(4_000_000)
    program.plan = "Sesuatu yang lain."
    db.session.flush()

    with pytest.raises(ProposalChanged):
        approved(program)

    assert nothing_is_booked(program)


def test_only_who_proposed_may_change_it():
    program = a_program()

    with pytest.raises(NotYourProposal):
        revise_program(program, a_proposal(1), by=an_admin().id, at=NOON)
    assert program.asked == won(4_000_000)


def test_a_fund_cannot_be_overdrawn():
    a_share(3_999_999)
    program = a_program(4_000_000)

    with pytest.raises(FundExhausted) as refused:
        approved(program)

    assert refused.value.facts == {"available": won(3_999_999)}
    assert nothing_is_booked(program)


@pytest.mark.parametrize(
    ("theme", "taken"),
    [
        (ProgramTheme.TRAINING, {"training": 300, "programs": 700}),
        (ProgramTheme.YOUTH, {"youth": 200, "programs": 800}),
        (ProgramTheme.TOOLS, {"programs": 1_000}),
    ],
)
def test_a_theme_uses_its_own_fund_first(theme, taken):
    for fund, amount in {"programs": 5_000, "training": 300, "youth": 200, "reserve": 900}.items():
        a_share(amount, fund)
    program = approved(a_program(1_000, theme=theme))

    (entry,) = entries_about("program", program.number)

    assert minors(entry) == {f"funds:village:{f}": a for f, a in taken.items()} | {
        f"funds:program:{program.number}:committed": -1_000
    }


def test_a_pledge_pays_only_for_its_purpose_and_after_the_funds():
    a_share(400)
    a_regency("11.04")
    a_pledge(9_000, received=9_000, theme=ProgramTheme.YOUTH)
    a_pledge(9_000, received=9_000, province_code=a_regency("33.01", name="Cilacap").province_code)
    meant = a_pledge(9_000, received=500, theme=ProgramTheme.TOOLS, province_code="11")
    free = a_pledge(9_000, received=9_000)

    program = approved(a_program(1_000))

    (entry,) = entries_about("program", program.number)
    assert minors(entry) == {
        "funds:village:programs": 400,
        f"funds:csr:{meant.number}:available": 500,
        f"funds:csr:{free.number}:available": 100,
        f"funds:program:{program.number}:committed": -1_000,
    }


def test_a_promise_that_has_not_arrived_cannot_be_spent():
    a_pledge(9_000, received=0)

    with pytest.raises(FundExhausted) as refused:
        approved(a_program(1_000))
    assert refused.value.facts == {"available": won(0)}


def test_an_approval_happens_once():
    a_share(9_000)
    second = an_admin()
    program = approved(a_program(1_000), by=second)

    for person in (second, an_admin()):
        with pytest.raises(AlreadyDecided):
            approved(program, by=person)

    assert len(entries_about("program", program.number)) == 1
    assert credit_balance("funds:village:programs:krw") == won(8_000)


def test_a_rejection_needs_a_second_person_and_a_reason():
    a_share(9_000)
    first, second = an_admin(), an_admin()
    program = a_program(1_000, by=first)

    with pytest.raises(SelfApproval):
        reject_program(program, reason="Tidak jadi", by=first.id, at=NOON)
    with pytest.raises(ReasonMissing):
        reject_program(program, reason="  ", by=second.id, at=NOON)
    assert nothing_is_booked(program)

    reject_program(program, reason="Harga belum dicek.", by=second.id, at=NOON)

    assert (program.state, program.reason) == (ProgramState.REJECTED, "Harga belum dicek.")
    with pytest.raises(AlreadyDecided):
        approved(program, by=second)
    assert db.session.scalars(select(LedgerEntry.kind)).all() == ["release"]


def test_what_a_finished_program_did_not_need_goes_back_to_its_funds_and_lots():
    a_share(600, order="L-1")
    pledge = a_pledge(9_000, received=9_000)
    program = approved(a_program(1_000))
    paid(program, 700)

    finish_program(program, by=an_admin().id, at=NOON)

    returned = entries_about("program", program.number)[-1]
    assert minors(returned) == {
        f"funds:program:{program.number}:committed": 300,
        f"funds:csr:{pledge.number}:available": -300,
    }
    assert credit_balance(f"funds:csr:{pledge.number}:available:krw") == won(8_900)
    assert sum(db.session.scalars(select(LotUse.amount))) == 700
    again = approved(a_program(8_900))
    assert again.state is ProgramState.APPROVED
    assert sum(db.session.scalars(select(LotUse.amount))) == 9_600
