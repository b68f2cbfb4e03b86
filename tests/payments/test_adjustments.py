"""What Stripe and the banks say is not booked by hand, and the trust money is not spent so."""

from datetime import timedelta

import pytest

from marketplace.kernel.money import rupiah, won
from marketplace.ledger.drafts import Line
from marketplace.ledger.errors import FundsUncovered
from marketplace.ledger.operations import approve_entry, propose_adjustment, reverse
from marketplace.ledger.queries import balance
from marketplace.payments.errors import BankNotHeld, BookedFromLines, TrustLeft
from marketplace.payments.recon_queries import list_unmatched_postings
from tests.factories import NOON, a_posting
from tests.ledger.drafts import TODAY

pytestmark = pytest.mark.usefixtures("database")

LONG_AGO = NOON - timedelta(days=365)
OWN, TRUST = "assets:bank", "assets:bank-trust"


def adjusted(lines):
    return propose_adjustment(
        [Line(path, won(minor)) for path, minor in lines.items()],
        effective_on=TODAY,
        memo="Counted wrong",
        reason="Asked by phone",
        by=1,
        at=NOON,
    )


@pytest.fixture
def fund():
    """1,000 won of the villages, in the trust account."""
    a_posting({TRUST: won(1_000), "funds:village:programs": won(-1_000)})


@pytest.mark.parametrize(
    "path",
    [
        "assets:stripe",
        "assets:stripe:unclassified",
        "assets:bank-transit",
        "assets:payout-transit",
        "assets:disburse-transit",
        "assets:disputes",
    ],
)
def test_what_lines_say_is_booked_from_the_lines(path):
    with pytest.raises(BookedFromLines, match="Reconciliation") as refusal:
        adjusted({"expenses:fx": 5, path: -5})

    assert refusal.value.facts == {"path": path}


def test_nothing_is_booked_on_a_bank_account_that_we_do_not_have():
    with pytest.raises(BankNotHeld) as refusal:
        propose_adjustment(
            [Line("expenses:bank-fee", rupiah(5)), Line(OWN, rupiah(-5))],
            effective_on=TODAY,
            memo="Counted wrong",
            reason="Asked by phone",
            by=1,
            at=NOON,
        )

    assert refusal.value.facts == {"path": OWN, "currency": "IDR"}


def test_what_was_reversed_waits_for_no_line_of_the_bank(fund):
    entry_id = a_posting({OWN: won(500), "equity:opening": won(-500)}, kind="adjustment")
    assert [row.amount for row in list_unmatched_postings(OWN, LONG_AGO)] == [500]

    reverse(entry_id, occurred_at=NOON, effective_on=TODAY, memo="Not so")

    assert list_unmatched_postings(OWN, LONG_AGO) == []


@pytest.mark.parametrize(
    "lines",
    [
        {"expenses:bank-fee": 5, TRUST: -5},
        {"expenses:bank-fee": 10, OWN: -5, TRUST: -5},
        {"expenses:bank-fee": 3, OWN: 2, TRUST: -5},
    ],
)
def test_trust_money_is_not_spent_by_hand(fund, lines):
    with pytest.raises(TrustLeft):
        adjusted(lines)


@pytest.mark.parametrize(
    "lines",
    [{OWN: 5, TRUST: -5}, {OWN: -5, TRUST: 5}, {TRUST: 5, "equity:opening": -5}],
)
def test_what_no_page_books_with_the_banks_is_left_to_two_people(fund, lines):
    before = balance(f"{TRUST}:krw")
    proposal = adjusted(lines)

    approve_entry(proposal, by=2, body_sha256=proposal.body_sha256, at=NOON)

    assert balance(f"{TRUST}:krw") == before + won(lines[TRUST])


def test_nobody_takes_cash_that_the_funds_need(fund):
    a_posting({OWN: won(100), "equity:opening": won(-100)})

    with pytest.raises(FundsUncovered) as refusal:
        adjusted({"expenses:bank-fee": 101, OWN: -101})

    assert refusal.value.facts == {"held": won(1_000), "cash": won(999)}
    adjusted({"expenses:bank-fee": 100, OWN: -100})
