"""The rules that orders, payments and programs add to the audit, each broken once."""

import pytest
import sqlalchemy as sa

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.operations import post, reverse, set_policy
from marketplace.ledger.queries import entries_about
from marketplace.ledger.queries.audits import run_checks
from marketplace.orders.models import OrderRefund
from marketplace.orders.operations import book_refund, refund_order_part
from marketplace.payments.models import (
    BalanceTransaction,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from marketplace.payments.queries import get_paid_payment
from tests.factories import NOON, a_user, saved
from tests.ledger.drafts import TODAY, a_draft
from tests.ledger.tampering import tamper
from tests.openbook.conftest import LATER
from tests.orders.disputing import a_lost_dispute, ruled
from tests.orders.world import SALE_PARTS, the_parcel


def broken() -> dict[str, list]:
    """The rules that do not hold, each with its breaches."""
    found: dict[str, list] = {}
    for result in run_checks(LATER):
        if result.count:
            found.setdefault(result.rule, []).extend(result.breaches)
    return found


def refunded(order, amount: int) -> OrderRefund:
    """A refund that Stripe has taken and that is in the books."""
    refund = refund_order_part(
        order, the_parcel(order), won(amount), reason="broken", by=a_user(), at=LATER
    )
    sent = db.session.scalars(sa.select(Refund)).one()
    sent.state = RefundState.SUCCEEDED
    book_refund(get_paid_payment("order", order.number), sent, at=LATER)
    db.session.flush()
    return refund


def test_a_year_of_real_operations_breaks_no_rule(world):
    refunded(world.waiting, 50_000)

    assert broken() == {}


def test_a_refund_after_the_release_breaks_no_rule(world):
    refunded(world.delivered, 50_000)

    assert broken() == {}


def test_more_given_back_than_was_paid_is_named(world):
    refund = refunded(world.waiting, 50_000)
    tamper("UPDATE order_refunds SET minor = 999999")

    found = broken()["I7"]
    assert {"order": world.waiting.number, "paid": won(212_000), "back": won(999_999)} in [
        breach.facts for breach in found
    ]
    assert refund.entry_id in {breach.entry_id for breach in found}


def test_a_part_that_gave_more_than_it_held_is_named(world):
    refund = refunded(world.waiting, 50_000)
    tamper("UPDATE refund_parts SET minor = minor + 900000 WHERE minor > 0")

    facts = [breach.facts for breach in broken()["I7"]]
    assert {"refund": refund.number} in facts
    assert "cooperative" in [fact.get("part") for fact in facts]


def test_lost_disputes_break_no_rule_however_they_were_borne(world):
    refunded(world.waiting, 50_000)
    a_lost_dispute(world.waiting, at=LATER)
    ruled(a_lost_dispute(world.delivered, at=LATER), is_at_fault=True, at=LATER)

    assert "I7" not in broken()


def test_a_dispute_that_took_more_than_refunds_left_is_named(world):
    refunded(world.waiting, 50_000)
    dispute = a_lost_dispute(world.waiting, 100_000, at=LATER)
    tamper("UPDATE parcel_disputes SET minor = 170000 WHERE dispute_id = :id", id=dispute.id)

    facts = [breach.facts for breach in broken()["I7"]]
    number = the_parcel(world.waiting).number
    assert {"order": world.waiting.number, "paid": won(212_000), "back": won(220_000)} in facts
    assert {"parcel": number, "decided": won(170_000), "booked": won(100_000)} in facts
    assert {"parcel": number} in facts


def test_a_part_that_refunds_and_a_dispute_overdrew_together_is_named(world):
    refunded(world.waiting, 50_000)
    a_lost_dispute(world.waiting, 100_000, at=LATER)
    tamper("UPDATE dispute_parts SET minor = minor + 100000 WHERE minor > 40000")

    facts = [breach.facts for breach in broken()["I7"]]
    assert "cooperative" in [fact.get("part") for fact in facts]


def test_an_order_under_another_rule_than_that_of_its_day_is_named(world):
    other = set_policy("sale", SALE_PARTS, valid_from=LATER, proposed_by=1, approved_by=2)
    tamper(
        "UPDATE orders SET policy_id = :policy WHERE number = :number",
        policy=other.id,
        number=world.waiting.number,
    )

    (sale,) = entries_about("order", world.waiting.number)
    assert [(b.facts, b.entry_id) for b in broken()["I17"]] == [
        ({"order": world.waiting.number}, None),
        ({"order": world.waiting.number}, sale.id),
    ]


def test_a_parcel_divided_otherwise_is_named(world):
    number = the_parcel(world.delivered).number
    tamper(
        "UPDATE order_splits SET minor = minor + 1 WHERE part = 'service' AND order_id = :order",
        order=world.delivered.id,
    )

    assert [breach.facts for breach in broken()["I17"]] == [{"parcel": number}]


def test_a_payment_that_is_not_in_the_books_is_named(world):
    saved(
        Payment(
            purpose="order",
            reference="L-LOST",
            attempt=1,
            minor=7_000,
            currency="KRW",
            idempotency_key="lost",
            state=PaymentState.PAID,
            created_at=NOON,
            expires_at=NOON,
            paid_at=NOON,
        )
    )

    assert [breach.facts for breach in broken()["I11"]] == [
        {"kind": "order", "reference": "L-LOST", "amount": won(7_000)}
    ]


def test_money_in_the_account_that_nobody_paid_is_named(world):
    entry_id = post(
        a_draft(
            {"assets:stripe": won(5), "liabilities:shipping": won(-5)},
            ref_kind="order",
            ref_id="L-MADE-UP",
        )
    )

    (breach,) = broken()["I11"]
    assert (breach.entry_id, breach.facts["amount"]) == (entry_id, won(5))
    assert "nobody paid" in breach.message


def test_a_fee_that_is_not_in_the_books_is_named(world):
    payment = get_paid_payment("order", world.waiting.number)
    payment.charge_id = "ch_1"
    saved(
        BalanceTransaction(
            id="txn_1",
            kind="charge",
            source_id="ch_1",
            currency="KRW",
            gross_minor=payment.minor,
            fee_minor=4_000,
            net_minor=payment.minor - 4_000,
            created_at=NOON,
        )
    )

    assert [breach.facts for breach in broken()["I11"]] == [
        {"line": "txn_1", "fee": won(4_000), "booked": won(0)}
    ]


def test_a_program_paid_from_a_fund_that_is_not_for_it_is_named(world):
    tamper("UPDATE allocations SET fund = 'funds:village:youth' WHERE fund LIKE 'funds:village%'")

    found = broken()
    assert [breach.facts for breach in found["I5"]] == [
        {"program": world.program.number, "fund": "funds:village:youth"}
    ]
    assert "I9" in found


def test_a_fund_spent_by_an_entry_that_may_not_is_named(world):
    entry_id = post(
        a_draft(
            {"funds:village:training": won(10), "assets:stripe": won(-10)}, kind="party", on=TODAY
        )
    )

    assert entry_id in {breach.entry_id for breach in broken()["I5"]}


@pytest.mark.parametrize("kind", ["adjustment", "party"])
def test_whatever_takes_of_a_fund_without_its_lots_is_named_until_it_is_reversed(world, kind):
    people = {"proposed_by": 1, "approved_by": 2}
    lines = {"funds:village:training": won(10), "income:platform-fee": won(-10)}
    entry_id = post(a_draft(lines, kind=kind, on=TODAY, **people))

    found = broken()
    (breach,) = found["I9"]
    assert breach.entry_id == entry_id
    assert breach.facts == {"fund": "funds:village:training:krw", "amount": won(-10)}
    assert [breach.entry_id for breach in found["I5"]] == [entry_id]

    reverse(entry_id, occurred_at=NOON, effective_on=TODAY, memo="Undo", **people)
    assert {"I5", "I9"}.isdisjoint(broken())


def test_a_program_that_holds_other_than_it_was_given_is_named(world):
    tamper("UPDATE allocations SET minor = minor + 1")

    facts = [breach.facts for breach in broken()["I8"]]
    assert [(fact["left"], fact["held"]) for fact in facts] == [(won(3_802), won(3_800))]


def test_a_lot_used_for_more_than_it_is_is_named(world):
    lot = db.session.execute(sa.text("SELECT max(lot_entry_id) FROM lot_uses")).scalar_one()
    tamper("UPDATE lot_uses SET amount = 999999 WHERE lot_entry_id = :lot", lot=lot)

    found = broken()["I9"]
    assert lot in {breach.entry_id for breach in found if "used" in breach.facts}
    assert {breach.facts.get("amount") for breach in found if "fund" in breach.facts}


def test_a_program_that_one_person_decided_on_is_named(world):
    tamper("UPDATE programs SET approved_by = proposed_by")
    tamper("UPDATE disbursements SET released_by = proposed_by")

    assert {str(breach.facts["number"]) for breach in broken()["I16"]} == {
        world.program.number,
        f"{world.program.number}-1",
    }


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE programs SET asked_minor = asked_minor + 1", "{program}"),
        ("UPDATE programs SET plan = 'A holiday'", "{program}"),
        ("UPDATE programs SET approved_by = :other", "{program}"),
        ("UPDATE disbursements SET purpose = 'A holiday'", "{program}-1"),
        ("UPDATE disbursements SET released_by = :other", "{program}-1"),
        ("UPDATE disbursements SET proposed_by = :other", "{program}-1"),
    ],
)
def test_a_program_or_payment_that_says_other_than_was_signed_is_named(world, statement, number):
    tamper(statement, **({"other": a_user().id} if ":other" in statement else {}))

    named = {str(breach.facts["number"]) for breach in broken()["I16"]}
    assert named == {number.format(program=world.program.number)}
