"""Paying a program: one proposes, another releases, the bank confirms."""

import pytest

from marketplace.kernel.money import won
from marketplace.ledger.queries import balance, credit_balance, entries_about
from marketplace.reinvestment.errors import (
    AlreadyCanceled,
    AlreadyReleased,
    AmountNotPositive,
    MoreThanCommitted,
    NotReleased,
    PaymentsWaiting,
    ProgramNotOpen,
    SelfApproval,
)
from marketplace.reinvestment.models import ProgramState
from marketplace.reinvestment.operations import (
    cancel_disbursement,
    finish_program,
    propose_disbursement,
    release_disbursement,
    settle_disbursement,
)
from marketplace.reinvestment.queries import committed_of, list_disbursements, paid_of
from tests.factories import NOON
from tests.reinvestment.world import a_program, a_share, an_admin, approved, minors, paid

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def program(database):
    a_share(9_000_000)
    return approved(a_program(4_000_000))


def propose(program, amount, *, by=None):
    by = by or an_admin()
    return propose_disbursement(program, won(amount), purpose="Tahap 1", by=by.id, at=NOON)


def test_a_release_pays_out_of_the_committed_money_and_names_both_people(program):
    first, second = an_admin(), an_admin("Lee Seoyeon")
    disbursement = propose(program, 2_500_000, by=first)

    release_disbursement(disbursement, by=second.id, at=NOON)

    entry = entries_about("program", program.number)[-1]
    assert minors(entry) == {
        f"funds:program:{program.number}:committed": 2_500_000,
        "income:released-from-restriction": -2_500_000,
        f"expenses:grants:{program.number}": 2_500_000,
        "assets:disburse-transit": -2_500_000,
    }
    assert (entry.id, entry.proposed_by, entry.approved_by) == (
        disbursement.entry_id,
        first.id,
        second.id,
    )
    assert program.state is ProgramState.RUNNING
    assert (committed_of(program), paid_of(program)) == (won(1_500_000), won(2_500_000))


def test_nobody_releases_their_own_disbursement(program):
    admin = an_admin()
    disbursement = propose(program, 1_000, by=admin)

    with pytest.raises(SelfApproval):
        release_disbursement(disbursement, by=admin.id, at=NOON)

    assert (disbursement.released_by, disbursement.entry_id) == (None, None)
    assert committed_of(program) == won(4_000_000)
    assert len(entries_about("program", program.number)) == 1


def test_proposals_together_cannot_pass_the_committed_money(program):
    propose(program, 3_000_000)

    with pytest.raises(MoreThanCommitted) as refused:
        propose(program, 1_000_001)

    assert refused.value.facts == {"available": won(1_000_000)}
    assert len(list_disbursements(program)) == 1


@pytest.mark.parametrize("amount", [0, -5])
def test_a_disbursement_is_above_zero(program, amount):
    with pytest.raises(AmountNotPositive):
        propose(program, amount)


def test_only_approved_programs_are_paid(database):
    program = a_program(1_000)

    with pytest.raises(ProgramNotOpen):
        propose(program, 1)


def test_a_release_happens_once(program):
    disbursement = propose(program, 1_000)
    second = an_admin()
    release_disbursement(disbursement, by=second.id, at=NOON)

    for person in (second, an_admin()):
        with pytest.raises(AlreadyReleased):
            release_disbursement(disbursement, by=person.id, at=NOON)

    assert paid_of(program) == won(1_000)


def test_a_canceled_disbursement_is_not_released_and_frees_its_money(program):
    disbursement = propose(program, 4_000_000)
    cancel_disbursement(disbursement, by=an_admin().id, at=NOON)

    with pytest.raises(AlreadyCanceled):
        release_disbursement(disbursement, by=an_admin().id, at=NOON)

    assert propose(program, 4_000_000).number == f"{program.number}-2"
    assert committed_of(program) == won(4_000_000)


def test_the_bank_line_empties_the_transit_once_and_keeps_all_three_people(program):
    disbursement = paid(program, 2_500_000)
    third = an_admin("Yuni Astuti")

    settle_disbursement(disbursement, reference="IDR-1", by=third.id, at=NOON)
    settle_disbursement(disbursement, reference="IDR-2", by=an_admin().id, at=NOON)

    entry = entries_about("program", program.number)[-1]
    assert entry.kind == "disbursement_settled"
    assert (entry.proposed_by, entry.approved_by) == (
        disbursement.proposed_by,
        disbursement.released_by,
    )
    assert balance("assets:disburse-transit:krw") == won(0)
    assert balance("assets:bank-trust:krw") == won(-2_500_000)
    assert (disbursement.bank_reference, disbursement.settled_by) == ("IDR-1", third.id)


def test_what_is_not_released_cannot_be_settled(program):
    disbursement = propose(program, 1_000)

    with pytest.raises(NotReleased):
        settle_disbursement(disbursement, reference="IDR-1", by=an_admin().id, at=NOON)
    assert balance("assets:bank-trust:krw") == won(0)


def test_a_program_with_a_waiting_payment_is_not_finished(program):
    paid(program, 1_000)
    propose(program, 1_000)

    with pytest.raises(PaymentsWaiting):
        finish_program(program, by=an_admin().id, at=NOON)
    assert program.state is ProgramState.RUNNING
    assert credit_balance("funds:village:programs:krw") == won(5_000_000)
