"""Each rule is broken past all guards, and the audit names it with the entry."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger import hooks
from marketplace.ledger.hooks import Breach, Finding, register_check
from marketplace.ledger.models import LedgerPeriod
from marketplace.ledger.operations import (
    approve_period_change,
    post,
    propose_period_change,
    record_audit,
    reverse,
    set_policy,
)
from marketplace.ledger.operations.periods import PeriodState
from marketplace.ledger.queries.audits import get_audit, run_checks
from tests.factories import NOON, a_fund_of
from tests.ledger.drafts import TODAY, a_draft
from tests.ledger.tampering import tamper, tampering

pytestmark = pytest.mark.usefixtures("database")

LATER = NOON + timedelta(days=90)


@pytest.fixture(autouse=True)
def only_the_ledgers_rules(monkeypatch):
    """What other rooms register is tested in theirs."""
    monkeypatch.setattr(hooks, "_checks", {})


@pytest.fixture
def entry_id(database) -> int:
    a_fund_of(won(9_000))
    return post(
        a_draft(
            {"assets:stripe": won(1_000), "liabilities:shipping": won(-1_000)},
            key="order_paid:pi_1",
        )
    )


def broken(at=NOON) -> dict[str, set[int | None]]:
    """The rules that do not hold, each with the entries named."""
    found: dict[str, set[int | None]] = {}
    for result in run_checks(at):
        if result.count:
            found.setdefault(result.rule, set()).update(b.entry_id for b in result.breaches)
    return found


def test_whole_books_break_no_rule(entry_id):
    reverse(entry_id, occurred_at=NOON, effective_on=TODAY, memo="")

    results = run_checks(NOON)

    assert broken() == {}
    assert {result.rule: result.rows for result in results}["I1"] == 3
    assert {result.rule: result.rows for result in results}["I3"] == 6


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("I1", "UPDATE ledger_postings SET amount = 999 WHERE entry_id = :id AND amount > 0"),
        ("I1", "DELETE FROM ledger_postings WHERE entry_id = :id AND line_no = 2"),
        ("I2", "DELETE FROM ledger_postings WHERE entry_id = :id AND line_no = 2"),
        ("I2", "UPDATE ledger_postings SET line_count = 3 WHERE entry_id = :id"),
        ("I2", "DELETE FROM ledger_entries WHERE id = :id"),
        ("I3", "UPDATE ledger_postings SET currency = 'IDR' WHERE entry_id = :id"),
        ("I4", "UPDATE ledger_postings SET amount = amount * 2 WHERE entry_id = :id"),
        ("I4", "UPDATE ledger_entries SET kind = 'gift' WHERE id = :id"),
        ("I4", "UPDATE ledger_entries SET ref_id = 'L-2' WHERE id = :id"),
        ("I4", "UPDATE ledger_entries SET approved_by = 2, proposed_by = 1 WHERE id = :id"),
        ("I16", "UPDATE ledger_entries SET approved_by = 2, proposed_by = 2 WHERE id = :id"),
        ("I16", "UPDATE ledger_entries SET kind = 'adjustment' WHERE id = :id"),
    ],
)
def test_a_changed_entry_is_named(entry_id, rule, statement):
    tamper(statement, id=entry_id)

    assert entry_id in broken()[rule]


def test_an_extra_line_is_named(entry_id):
    tamper(
        "INSERT INTO ledger_postings (entry_id, line_no, line_count, account_id, currency, amount)"
        " SELECT entry_id, 3, 2, account_id, currency, 5 FROM ledger_postings"
        " WHERE entry_id = :id AND line_no = 1",
        id=entry_id,
    )

    found = broken()
    assert entry_id in found["I1"]
    assert entry_id in found["I2"]


def test_a_missing_guard_is_named(engine_name):
    drop = {
        "sqlite": "DROP TRIGGER ledger_guard_ledger_postings_update",
        "postgresql": "ALTER TABLE ledger_postings DISABLE TRIGGER ledger_postings_append_only",
    }
    db.session.execute(sa.text(drop[engine_name]))

    breaches = [breach for result in run_checks(NOON) for breach in result.breaches]

    assert [set(breach.facts.values()) for breach in breaches] == [{drop[engine_name].split()[-1]}]


def test_an_overdrawn_fund_is_named():
    entry_id = a_fund_of(won(1_000))
    tamper("UPDATE ledger_postings SET amount = -amount")

    assert entry_id in broken()["I6"]


def test_a_guarded_account_without_a_lock_is_named():
    a_fund_of(won(1_000))
    tamper("DELETE FROM ledger_account_controls")

    assert broken() == {"I6": {None}}


def test_a_reversal_that_is_no_mirror_is_named(entry_id):
    reversal = reverse(entry_id, occurred_at=NOON, effective_on=TODAY, memo="")
    tamper("UPDATE ledger_postings SET amount = amount * 2 WHERE entry_id = :id", id=reversal)

    assert reversal in broken()["I8"]


def test_funds_without_cash_behind_them_are_seen():
    a_fund_of(won(1_000))
    post(a_draft({"expenses:bank-fee": won(1), "assets:bank-trust": won(-1)}))

    (breach,) = [breach for result in run_checks(NOON) for breach in result.breaches]

    assert broken() == {"I10": {None}}
    assert breach.facts == {"held": won(1_000), "cash": won(999)}


def test_a_promise_needs_no_cash():
    post(a_draft({"assets:pledge-receivable:CSR-1": won(50), "funds:csr:CSR-1:pledged": won(-50)}))

    assert broken() == {}


def test_money_that_does_not_arrive_is_named_after_thirty_days():
    a_fund_of(won(500))
    sent = {"expenses:grants:P-1": won(300), "assets:disburse-transit": won(-300)}
    seen = {"assets:disburse-transit": won(300), "assets:bank-trust": won(-300)}
    post(a_draft(sent, ref_id="P-1"))
    post(a_draft(seen, ref_id="P-1"))
    on_its_way = post(a_draft(sent, ref_id="P-2"))

    assert "I12" not in broken(NOON + timedelta(days=29))
    assert broken(NOON + timedelta(days=30))["I12"] == {on_its_way}


def closed(month=TODAY) -> None:
    for state in (PeriodState.SOFT_CLOSED, PeriodState.CLOSED):
        change = propose_period_change(month, state, by=1, at=LATER)
        approve_period_change(change, by=2, at=LATER)


def test_an_entry_slipped_into_a_closed_month_is_named(entry_id):
    closed()
    assert broken(LATER) == {}
    with tampering():
        late = post(a_draft({"assets:bank": won(1), "equity:opening": won(-1)}))

    assert broken(LATER) == {"I15": {late}}


def test_an_entry_taken_out_of_a_closed_month_is_seen(entry_id):
    closed()
    tamper("UPDATE ledger_entries SET effective_on = '2026-05-01' WHERE id = :id", id=entry_id)

    assert "I15" in broken(LATER)


def test_a_month_nobody_signed_is_seen():
    db.session.add(
        LedgerPeriod(
            starts_on=TODAY.replace(day=1), ends_on=TODAY.replace(day=30), state=PeriodState.CLOSED
        )
    )
    db.session.flush()

    assert broken() == {"I15": {None}}


def test_a_month_that_one_person_changed_is_seen(entry_id):
    closed()
    tamper("UPDATE ledger_period_changes SET approved_by = proposed_by")

    assert broken(LATER) == {"I16": {None}}


def test_a_division_without_a_second_signature_is_seen():
    set_policy("sale", {"cooperative": 10_000}, valid_from=NOON)
    assert broken() == {}
    set_policy("sale", {"cooperative": 9_000, "service": 1_000}, valid_from=LATER)

    assert broken() == {"I16": {None}}


def test_what_one_look_saw_half_written_is_no_breach():
    looks = iter([[Breach("torn")], []])
    register_check("I5", "Torn", lambda at: Finding(1, next(looks)))

    assert broken() == {}


def test_a_run_is_kept_as_it_was_found_and_never_changed(entry_id):
    tamper(
        "UPDATE ledger_postings SET amount = 999 WHERE entry_id = :id AND amount > 0", id=entry_id
    )
    results = run_checks(NOON)

    audit = get_audit(record_audit(results, at=NOON, asked_by=7).id)

    assert (audit.at, audit.asked_by, audit.is_clean) == (NOON, 7, False)
    assert [list(result.breaches) for result in audit.results] == [
        list(result.breaches) for result in results
    ]
    assert (audit.results[0].rule, audit.results[0].breaches[0].facts) == (
        "I1",
        {"amount": won(-1)},
    )
    assert "I13" in audit.unchecked
    for statement in ("UPDATE ledger_audits SET breaches = 0", "DELETE FROM ledger_audits"):
        with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
            db.session.execute(sa.text(statement))
