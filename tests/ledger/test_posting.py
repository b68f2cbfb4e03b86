import pytest

from marketplace.kernel.money import rupiah, won
from marketplace.ledger.errors import (
    IdempotencyConflict,
    OneSided,
    SelfApproval,
    Unbalanced,
    UnknownAccount,
    ZeroLine,
)
from marketplace.ledger.operations import post
from marketplace.ledger.queries import balance, credit_balance, entries_about, find_entry
from tests.factories import NOON
from tests.ledger.drafts import a_draft

pytestmark = pytest.mark.usefixtures("database")

SALE = {"assets:stripe": won(1_000), "liabilities:shipping": won(-1_000)}


def test_a_booked_entry_moves_the_balances_of_its_accounts():
    post(a_draft(SALE))

    assert balance("assets:stripe:krw") == won(1_000)
    assert credit_balance("liabilities:shipping:krw") == won(1_000)


def test_each_currency_of_an_entry_balances_on_its_own():
    post(
        a_draft(
            {
                "assets:stripe": won(1_000),
                "equity:trading:idr-krw": won(-1_000),
            }
        )
    )
    with pytest.raises(Unbalanced) as refused:
        post(a_draft({"assets:stripe": won(1_000), "liabilities:coop:gayo:held": rupiah(-1_000)}))

    assert refused.value.facts == {"difference": won(1_000)}
    assert balance("liabilities:coop:gayo:held:idr") == rupiah(0)


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ({"assets:stripe": won(1)}, OneSided),
        ({"assets:stripe": won(0), "liabilities:shipping": won(0)}, ZeroLine),
        ({"assets:stripe": won(2), "liabilities:shipping": won(-1)}, Unbalanced),
        ({"assets:pocket": won(1), "liabilities:shipping": won(-1)}, UnknownAccount),
        ({"assets:coop:a:b:clawback": won(1), "liabilities:shipping": won(-1)}, UnknownAccount),
    ],
)
def test_lines_that_are_no_entry_are_refused(lines, refusal):
    with pytest.raises(refusal):
        post(a_draft(lines, key="refused"))

    assert find_entry("refused") is None


def test_the_same_fact_again_is_the_same_entry():
    first = post(a_draft(SALE, key="order_paid:pi_1", ref_kind="order", ref_id="L-1"))

    assert post(a_draft(SALE, key="order_paid:pi_1", ref_kind="order", ref_id="L-1")) == first
    assert [entry.id for entry in entries_about("order", "L-1")] == [first]
    assert balance("assets:stripe:krw") == won(1_000)


def test_another_fact_under_the_same_key_is_refused():
    post(a_draft(SALE, key="order_paid:pi_1"))

    with pytest.raises(IdempotencyConflict):
        post(a_draft({path: amount * 2 for path, amount in SALE.items()}, key="order_paid:pi_1"))

    assert balance("assets:stripe:krw") == won(1_000)


def test_nobody_approves_what_they_proposed():
    with pytest.raises(SelfApproval):
        post(a_draft(SALE, proposed_by=7, approved_by=7))


def test_an_instant_without_a_zone_is_no_instant():
    with pytest.raises(TypeError):
        post(a_draft(SALE, key="refused", at=NOON.replace(tzinfo=None)))

    assert find_entry("refused") is None
