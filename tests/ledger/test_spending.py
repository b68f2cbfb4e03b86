import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.ledger.errors import (
    AccountClosed,
    AlreadyReversed,
    EntryNotFound,
    Overdrawn,
    PeriodClosed,
)
from marketplace.ledger.models import LedgerAccount, LedgerPeriod, PeriodState
from marketplace.ledger.operations import post, reverse
from marketplace.ledger.queries import (
    balance,
    credit_balance,
    find_entry,
    get_account,
    get_entry,
    list_accounts,
)
from tests.factories import NOON, a_fund_of, saved
from tests.ledger.drafts import TODAY, a_draft

pytestmark = pytest.mark.usefixtures("database")


def spend(amount: int, **more) -> int:
    return post(
        a_draft(
            {"funds:village:programs": won(amount), "funds:program:P-1:committed": won(-amount)},
            **more,
        )
    )


def test_a_fund_is_spent_to_the_last_won():
    a_fund_of(won(1_000))

    spend(1_000)

    assert credit_balance("funds:village:programs:krw") == won(0)


def test_a_fund_is_not_overdrawn():
    a_fund_of(won(1_000))

    with pytest.raises(Overdrawn) as refused:
        spend(1_001, key="too much")

    assert refused.value.facts == {"available": won(1_000), "path": "funds:village:programs"}
    assert find_entry("too much") is None
    assert credit_balance("funds:village:programs:krw") == won(1_000)


def test_a_fund_never_used_holds_nothing():
    with pytest.raises(Overdrawn) as refused:
        spend(1)

    assert refused.value.facts["available"] == won(0)


def test_lines_of_one_entry_count_together():
    """An entry may take and give back in one breath; only what it takes in all must be there."""
    a_fund_of(won(1_000))

    post(
        a_draft(
            {"funds:village:programs": won(1_000), "assets:bank": won(-1_000)},
        )
    )
    with pytest.raises(Overdrawn):
        spend(1)


def test_paying_in_is_never_refused():
    post(a_draft({"liabilities:coop:gayo:payable": rupiah(-5), "assets:bank": rupiah(5)}))

    with pytest.raises(Overdrawn) as refused:
        post(a_draft({"liabilities:coop:gayo:payable": rupiah(6), "assets:bank": rupiah(-6)}))

    assert refused.value.facts["available"] == rupiah(5)


def test_what_is_recorded_may_overdraw():
    post(a_draft({"assets:stripe": won(-36), "expenses:stripe-fee": won(36)}))

    assert balance("assets:stripe:krw") == won(-36)


def test_a_reversal_mirrors_the_entry():
    a_fund_of(won(1_000))
    allocation = spend(400, ref_kind="program", ref_id="P-1")

    undone = get_entry(
        reverse(
            allocation,
            occurred_at=NOON,
            effective_on=TODAY,
            memo="Program given up",
            proposed_by=1,
            approved_by=2,
        )
    )

    assert undone.kind == "reversal"
    assert undone.reverses_id == allocation
    assert (undone.ref_kind, undone.ref_id) == ("program", "P-1")
    assert (undone.proposed_by, undone.approved_by) == (1, 2)
    assert [(line.path, line.amount) for line in undone.postings] == [
        ("funds:village:programs", won(-400)),
        ("funds:program:P-1:committed", won(400)),
    ]
    assert credit_balance("funds:village:programs:krw") == won(1_000)


def test_an_entry_is_reversed_once():
    a_fund_of(won(1_000))
    allocation = spend(400)
    undo = {"occurred_at": NOON, "effective_on": TODAY, "memo": ""}
    first = reverse(allocation, **undo)

    assert reverse(allocation, **undo) == first
    with pytest.raises(AlreadyReversed):
        post(
            a_draft(
                {"assets:bank": won(1), "equity:opening": won(-1)},
                key="another way",
                reverses_id=allocation,
            )
        )

    assert find_entry("another way") is None
    assert credit_balance("funds:village:programs:krw") == won(1_000)


def test_what_is_spent_since_cannot_be_taken_back():
    a_fund_of(won(1_000))
    income = post(a_draft({"assets:bank": won(500), "funds:village:programs": won(-500)}))
    spend(1_200)

    with pytest.raises(Overdrawn) as refused:
        reverse(income, occurred_at=NOON, effective_on=TODAY, memo="")

    assert refused.value.facts["available"] == won(300)


def test_an_entry_that_is_not_there_is_not_reversed():
    with pytest.raises(EntryNotFound):
        reverse(1, occurred_at=NOON, effective_on=TODAY, memo="")


@pytest.mark.parametrize("state", [PeriodState.SOFT_CLOSED, PeriodState.CLOSED])
def test_nothing_is_booked_into_a_closed_month(state):
    saved(LedgerPeriod(starts_on=TODAY.replace(day=1), ends_on=TODAY, state=state))
    lines = {"assets:bank": won(1), "equity:opening": won(-1)}

    with pytest.raises(PeriodClosed) as refused:
        post(a_draft(lines, key="late"))
    post(a_draft(lines, key="in time", on=TODAY.replace(day=19)))

    assert refused.value.facts == {"day": TODAY}
    assert find_entry("late") is None
    assert balance("assets:bank:krw") == won(1)


def test_what_is_refused_opens_no_account():
    state = PeriodState.CLOSED
    saved(LedgerPeriod(starts_on=TODAY.replace(day=1), ends_on=TODAY, state=state))

    with pytest.raises(PeriodClosed):
        post(a_draft({"assets:bank": won(1), "equity:opening": won(-1)}))

    assert list_accounts() == []


def test_nothing_is_booked_on_a_closed_account():
    lines = {"assets:bank": won(1), "equity:opening": won(-1)}
    post(a_draft(lines))
    db.session.query(LedgerAccount).filter_by(code="equity:opening:krw").one().closed_on = TODAY
    db.session.flush()

    with pytest.raises(AccountClosed) as refused:
        post(a_draft(lines, key="refused"))

    assert refused.value.facts == {"code": "equity:opening:krw"}
    assert balance("assets:bank:krw") == won(1)


def test_a_fact_is_known_again_when_its_account_is_closed():
    lines = {"assets:bank": won(1), "equity:opening": won(-1)}
    first = post(a_draft(lines, key="booked"))
    db.session.query(LedgerAccount).filter_by(code="equity:opening:krw").one().closed_on = TODAY
    db.session.flush()

    assert post(a_draft(lines, key="booked")) == first


def test_accounts_are_opened_as_the_chart_says():
    a_fund_of(won(1))

    programs = get_account("funds:village:programs:krw")
    bank = get_account("assets:bank-trust:krw")

    assert (programs.account_class, programs.is_restricted, programs.may_overdraw) == (
        "F",
        True,
        False,
    )
    assert (bank.account_class, bank.is_restricted, bank.may_overdraw) == ("A", True, True)
    assert (bank.currency, bank.opened_on, bank.path) == ("KRW", TODAY, "assets:bank-trust")
