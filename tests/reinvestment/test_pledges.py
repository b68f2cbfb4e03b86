import pytest
import sqlalchemy as sa

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.errors import IdempotencyConflict
from marketplace.ledger.operations import reverse
from marketplace.ledger.queries import balance, credit_balance, entries_about, find_entry
from marketplace.reinvestment.errors import (
    AmountNotPositive,
    LotSpent,
    MoreThanPledged,
    ReferenceReversed,
)
from marketplace.reinvestment.models import LotUse
from marketplace.reinvestment.operations import receive_pledge
from marketplace.reinvestment.operations.lots import check_unspent
from marketplace.reinvestment.queries import list_pledges, received_of
from tests.factories import NOON
from tests.reinvestment.world import a_pledge, a_program, an_admin, approved

pytestmark = pytest.mark.usefixtures("database")


def receive(pledge, amount, reference="KRW-A"):
    receive_pledge(pledge, won(amount), reference=reference, by=an_admin().id, at=NOON)


def test_a_pledge_is_owed_to_us_and_cannot_be_spent():
    pledge = a_pledge(30_000_000)

    assert balance(f"assets:pledge-receivable:{pledge.number}:krw") == won(30_000_000)
    assert credit_balance(f"funds:csr:{pledge.number}:pledged:krw") == won(30_000_000)
    assert credit_balance(f"funds:csr:{pledge.number}:available:krw") == won(0)
    assert received_of(pledge) == won(0)


def test_received_money_is_free_and_no_longer_owed():
    pledge = a_pledge(30_000_000)
    receive(pledge, 10_000_000)

    (row,) = list_pledges()
    assert (row.received, row.missing, row.available) == (
        won(10_000_000),
        won(20_000_000),
        won(10_000_000),
    )
    assert balance("assets:bank-trust:krw") == won(10_000_000)


def test_a_bank_line_counts_once():
    pledge, admin = a_pledge(10_000), an_admin()
    for _ in range(2):
        receive_pledge(pledge, won(10_000), reference="KRW-1", by=admin.id, at=NOON)

    assert received_of(pledge) == won(10_000)
    with pytest.raises(IdempotencyConflict):
        receive_pledge(pledge, won(9_000), reference="KRW-1", by=admin.id, at=NOON)
    assert received_of(pledge) == won(10_000)


def test_more_than_was_pledged_is_refused():
    pledge = a_pledge(10_000, received=4_000)

    with pytest.raises(MoreThanPledged) as refused:
        receive(pledge, 6_001)

    assert refused.value.facts == {"left": won(6_000)}
    assert received_of(pledge) == won(4_000)
    assert len(entries_about("pledge", pledge.number)) == 2


def test_amounts_are_above_zero():
    pledge = a_pledge(10_000)

    with pytest.raises(AmountNotPositive):
        receive(pledge, 0)
    with pytest.raises(AmountNotPositive):
        a_pledge(0)


def test_a_reversed_bank_line_is_owed_again_and_comes_back_under_another_reference():
    pledge = a_pledge(10_000)
    receive(pledge, 4_000)
    line = entries_about("pledge", pledge.number)[-1]
    reverse(line.id, occurred_at=NOON, effective_on=line.effective_on, memo="Counted twice")
    assert received_of(pledge) == won(0)

    with pytest.raises(ReferenceReversed):
        receive(pledge, 4_000)
    receive(pledge, 10_000, "KRW-1-2")

    assert received_of(pledge) == won(10_000)


def test_money_of_a_reversed_bank_line_is_given_to_no_program():
    pledge = a_pledge(10_000)
    receive(pledge, 4_000)
    line = entries_about("pledge", pledge.number)[-1]
    reverse(line.id, occurred_at=NOON, effective_on=line.effective_on, memo="Counted twice")
    receive(pledge, 6_000, "KRW-2")

    program = approved(a_program(5_000))

    (allocation,) = entries_about("program", program.number)
    uses = db.session.scalars(sa.select(LotUse).where(LotUse.entry_id == allocation.id)).all()
    assert {use.lot_entry_id for use in uses} == {
        find_entry(f"pledge_received:{pledge.number}:KRW-2").id
    }
    with pytest.raises(LotSpent):
        check_unspent(uses[0].lot_entry_id)
