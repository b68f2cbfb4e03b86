"""What people decide is sealed as entries are: whoever rewrites it behind the guards is noticed."""

import json
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.decisions import Decided
from marketplace.ledger.drafts import Line
from marketplace.ledger.exports import json_lines, open_books
from marketplace.ledger.models import LedgerDecision, PeriodState
from marketplace.ledger.operations import (
    approve_entry,
    approve_period_change,
    approve_policy,
    post,
    propose_adjustment,
    propose_period_change,
    propose_policy,
    set_policy,
    withdraw_entry,
    withdraw_period_change,
    withdraw_policy,
)
from marketplace.ledger.queries.invariants.decided import check_decisions
from marketplace.ledger.queries.sealing import has_unsealed, list_leaves, written_leaves
from marketplace.ledger.queries.sealing_faults import check_seal
from tests.factories import NOON
from tests.ledger import sealing
from tests.ledger.drafts import TODAY, a_draft
from tests.ledger.sealing import SALE, SIGNER, a_bundle, check, seal, sell
from tests.ledger.tampering import tamper
from tests.ledger.test_verification import rewritten
from tests.stages import Stage

MAY, AUGUST = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 8))
JUNE = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)
NEXT_MONTH = date(2026, 5, 1)
DIVISION = {"cooperative": 9_200, "service": 500, "village_share": 300}
OTHER_DIVISION = {"cooperative": 9_100, "service": 500, "village_share": 400}
FEE = [Line("expenses:bank-fee", won(25)), Line("assets:bank", won(-25))]
# The council's own words, and a person's name: neither may leave the house.
REASON = "Kim Jisu asked the council"


@dataclass
class Decisions:
    """What was decided here, by the ids of the rows it left."""

    opening: int
    policy: int
    entry: int
    sale: int


def decide() -> Decisions:
    """Two divisions, a month closed, an entry by hand, and one thing of each kind taken back."""
    opening = set_policy("sale", DIVISION, valid_from=NOON)
    sale = post(a_draft(SALE, policy_id=opening.id))
    policy = _proposed_policy(OTHER_DIVISION, MAY)
    approve_policy(policy, by=4712, body_sha256=policy.body_sha256, at=NOON)
    withdraw_policy(_proposed_policy(DIVISION, AUGUST), by=4711, at=NOON)
    entry = _proposed_entry("Bank fee")
    booked = approve_entry(entry, by=4712, body_sha256=entry.body_sha256, at=NOON)
    withdraw_entry(_proposed_entry("Bank fee again"), by=4713, at=NOON)
    for state in (PeriodState.SOFT_CLOSED, PeriodState.OPEN, PeriodState.SOFT_CLOSED):
        _turn(TODAY, state)
    change = propose_period_change(NEXT_MONTH, PeriodState.SOFT_CLOSED, by=4711, at=JUNE)
    withdraw_period_change(change, by=4711, at=JUNE)
    _turn(TODAY, PeriodState.CLOSED)
    return Decisions(opening.id, policy.policy_id, booked, sale)


def decide_and_seal() -> Decisions:
    decided = decide()
    seal()
    return decided


def _proposed_policy(parts, valid_from):
    return propose_policy("sale", parts, valid_from=valid_from, reason=REASON, by=4711, at=NOON)


def _proposed_entry(memo):
    return propose_adjustment(FEE, effective_on=TODAY, memo=memo, reason=REASON, by=4711, at=NOON)


def _turn(month, state):
    change = propose_period_change(month, state, by=4711, at=JUNE, reason=REASON)
    approve_period_change(change, by=4712, at=JUNE)


@pytest.fixture
def stage(request, stages) -> Stage | None:
    return stages(decide_and_seal) if "decided" in request.fixturenames else None


@pytest.fixture
def decided(database, stage) -> Decisions:
    return stage.things


def faults() -> list[str]:
    return [str(fault) for fault in check_seal(SIGNER.verifier).faults]


def breaches() -> list[str]:
    return [breach.message % breach.facts for breach in check_decisions(now()).breaches]


def said_of_bundle(tmp_path, capsys) -> tuple[int, str]:
    return check(capsys, a_bundle(tmp_path / "b.zip"), "--key", SIGNER.verifier.text)


def seal_anew() -> None:
    """As whoever has database and key: a new log over books that were changed."""
    for table in ("ledger_heads", "ledger_tile_roots", "ledger_leaves"):
        tamper(f"DELETE FROM {table}")
    seal()


def test_decisions_that_are_as_they_were_sealed_pass(decided, tmp_path, capsys):
    code, said = said_of_bundle(tmp_path, capsys)

    assert code == 0, said
    assert "All 2 entries balance" in said
    assert (
        "Decisions of people: 3 on divisions, 5 on months, 2 on entries; signed by two 6, "
        "taken back 3, with the opening 1."
    ) in said
    assert faults() == []
    assert breaches() == []
    assert check_decisions(now()).rows == 10


def test_a_leaf_says_what_was_decided_and_nothing_about_people(decided):
    leaves = [json.loads(leaf) for leaf in written_leaves(0, 12)]
    divisions = [leaf for leaf in leaves if leaf.get("kind") == "policy"]

    opening, signed, withdrawn = divisions
    assert opening["body"] == {
        "parts": {"cooperative": "9200", "service": "500", "village_share": "300"},
        "policy": str(decided.opening),
        "scope": "sale",
        "valid_from": "2026-04-18T03:00:00.000000Z",
    }
    assert (opening["outcome"], opening["decided_by"]) == ("opening", None)
    assert (signed["outcome"], signed["decided_at"]) == ("signed", "2026-04-18T03:00:00.000000Z")
    assert len({signed["decided_by"], signed["proposed_by"]}) == 2
    assert (withdrawn["outcome"], withdrawn["body"]) == ("withdrawn", {})
    assert withdrawn["decided_by"] == withdrawn["proposed_by"] != signed["proposed_by"]
    everything = b"".join(written_leaves(0, 12))
    assert [word for word in (b"Kim", b'"4711"', b'"4712"') if word in everything] == []


def test_a_closed_month_says_how_many_entries_it_has(decided):
    months = [
        json.loads(leaf)["body"] for leaf in written_leaves(0, 12) if b'"kind":"period"' in leaf
    ]

    assert [(month["from"], month["to"]) for month in months] == [
        ("open", "soft"),
        ("soft", "open"),
        ("open", "soft"),
        ("open", "soft"),  # May, taken back.
        ("soft", "closed"),
    ]
    assert months[-1]["entries"] == "2"
    assert int(months[-1]["last_entry"]) == max(decided.entry, decided.sale)


CHANGES = {
    "kind": "kind = 'period'",
    "outcome": "outcome = 'opening'",
    "part": "body = replace(body, '9100', '9000')",
    "begin": "body = replace(body, '2026-05-01', '2026-05-02')",
    "no body": "body = '{}'",
    "space": "body = replace(body, ',', ', ')",
    "reason": "reason = reason || '.'",
    "what was read": "proposal_sha256 = 'other'",
    "proposer": "proposed_by = 7",
    "proposed": "proposed_at = '2026-04-18 03:00:00.000001'",
    "signer": "decided_by = 8",
    "nobody": "decided_by = NULL",
    "one alone": "decided_by = proposed_by",
    "decided": "decided_at = '2026-04-18 03:00:00.000001'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_decision_is_noticed(decided, tmp_path, capsys, change):
    tamper(
        f"UPDATE ledger_decisions SET {CHANGES[change]} WHERE subject = :subject",
        subject=f"policy:{decided.policy}",
    )

    assert any("is not what was sealed" in fault for fault in faults())
    assert any("is not what was decided" in breach for breach in breaches())
    assert said_of_bundle(tmp_path, capsys)[0] == 1


@pytest.mark.parametrize("column", ["id = id + 1", "subject = 'policy:999'"])
def test_a_decision_under_another_name_is_noticed(decided, column):
    tamper(
        f"UPDATE ledger_decisions SET {column} WHERE subject = :subject",
        subject=f"policy:{decided.policy}",
    )

    assert faults() + breaches() != []


@pytest.mark.parametrize("kind", ["policy", "period", "entry"])
@pytest.mark.parametrize("outcome", ["signed", "withdrawn"])
def test_a_decision_that_is_gone_is_noticed(decided, tmp_path, capsys, kind, outcome):
    tamper(
        "DELETE FROM ledger_decisions WHERE kind = :kind AND outcome = :outcome",
        kind=kind,
        outcome=outcome,
    )

    assert any("Decision D-" in fault and "is gone" in fault for fault in faults())
    assert any(breach.startswith("Nobody decided") for breach in breaches())
    assert said_of_bundle(tmp_path, capsys)[0] == 1


LIVE = {
    "parts": "UPDATE split_policies SET parts ="
    " (SELECT parts FROM split_policies WHERE id = :other) WHERE id = :policy",
    "begin": "UPDATE split_policies SET valid_from = '2026-05-02 00:00:00' WHERE id = :policy",
    "signer": "UPDATE split_policies SET approved_by = 8 WHERE id = :policy",
    "scope": "UPDATE split_policies SET scope = 'share' WHERE id = :policy",
    "opening": "UPDATE split_policies SET parts = (SELECT parts FROM split_policies"
    " WHERE id = :policy) WHERE id = :other",
    "reason of a division": "UPDATE split_policy_proposals SET reason = 'other'",
    "who took a division back": "UPDATE split_policy_proposals SET withdrawn_by = 8"
    " WHERE withdrawn_by IS NOT NULL",
    "signer of a month": "UPDATE ledger_period_changes SET approved_by = 8"
    " WHERE to_state = 'closed'",
    "entries of a month": "UPDATE ledger_period_changes SET entry_count = 3"
    " WHERE to_state = 'closed'",
    "a month opened": "UPDATE ledger_periods SET state = 'open'",
    "a month half closed": "UPDATE ledger_periods SET state = 'soft'",
    "signer of an entry": "UPDATE ledger_entry_proposals SET approved_by = 8"
    " WHERE entry_id IS NOT NULL",
    "another entry": "UPDATE ledger_entry_proposals SET entry_id = :sale"
    " WHERE entry_id IS NOT NULL",
    "one never decided": "UPDATE ledger_entry_proposals SET withdrawn_by = NULL"
    " WHERE withdrawn_by IS NOT NULL",
    "a month never decided": "DELETE FROM ledger_period_changes WHERE to_state = 'closed'",
}


@pytest.mark.parametrize("change", LIVE)
def test_what_holds_and_was_not_decided_so_is_noticed(decided, change):
    statement = sa.text(LIVE[change])
    values = {"policy": decided.policy, "other": decided.opening, "sale": decided.sale}
    tamper(LIVE[change], **{name: values[name] for name in values if f":{name}" in statement.text})

    assert breaches() != []
    assert faults() == []


def test_a_division_that_slipped_in_is_noticed(decided):
    tamper(
        "INSERT INTO split_policies (id, scope, valid_from, parts, proposed_by, approved_by)"
        " SELECT 999, scope, '2026-09-01 00:00:00', parts, 4711, 4712 FROM split_policies"
        " WHERE id = :id",
        id=decided.policy,
    )

    assert breaches() == ["Nobody decided the division “sale 2026-09-01”."]


RESEALED = {
    "one signer": (
        "UPDATE ledger_decisions SET decided_by = proposed_by WHERE outcome = 'signed'",
        "was not signed by two people",
    ),
    "no signer": (
        "UPDATE ledger_decisions SET decided_by = NULL WHERE outcome = 'signed'",
        "was not signed by two people",
    ),
    "parts": (
        "UPDATE ledger_decisions SET body = replace(body, '9100', '9000')",
        "divides more or less than the whole",
    ),
    "no division": (
        "DELETE FROM ledger_decisions WHERE outcome = 'opening'",
        "Entries name the division",
    ),
    "signed by nobody": (
        "UPDATE ledger_decisions SET outcome = 'opening' WHERE kind = 'policy'"
        " AND outcome = 'signed'",
        "on was not signed",
    ),
    "no step": (
        'DELETE FROM ledger_decisions WHERE body LIKE \'%"to":"open"%\'',
        "turns 2026-04 from open to soft, which was soft",
    ),
    "an entry taken out": (
        'UPDATE ledger_decisions SET body = replace(body, \'"entry":"\', \'"entry":"9\')',
        "was signed, and is not there",
    ),
    "a full month": (
        'UPDATE ledger_decisions SET body = replace(body, \'"entries":"2"\', \'"entries":"1"\')',
        "2026-04 was closed with 1 entries and has 2",
    ),
    "not canonical": (
        "UPDATE ledger_decisions SET body = replace(body, ',', ', ')",
        "not written as decisions are sealed",
    ),
    "a lacking word": (
        "UPDATE ledger_decisions SET body = replace(body, 'scope', 'zone')",
        "decision is not written as",
    ),
    "a month opened by nobody": (
        "UPDATE ledger_decisions SET outcome = 'opening' WHERE kind = 'period'",
        "does not say what it decides",
    ),
}


@pytest.mark.parametrize("change", RESEALED)
def test_a_stranger_sees_rules_broken_even_under_a_new_seal(decided, tmp_path, capsys, change):
    statement, words = RESEALED[change]
    tamper(statement)
    seal_anew()

    code, said = said_of_bundle(tmp_path, capsys)

    assert code == 1
    assert words in said


def test_every_changed_byte_of_decisions_is_noticed(decided, tmp_path, capsys):
    bundle = a_bundle(tmp_path / "b.zip")
    with zipfile.ZipFile(bundle) as opened:
        leaves = opened.read("leaves.jsonl")

    for place in range(0, len(leaves), 61):

        def change(content, place=place):
            return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

        code, _ = check(capsys, rewritten(bundle, "leaves.jsonl", change))
        assert code == 1, leaves[place - 10 : place + 10]


def test_lines_of_json_tell_what_was_decided_and_not_by_whom(decided):
    text = "".join(json_lines(open_books(until=JUNE.date())))
    told = [fact for fact in map(json.loads, text.splitlines()) if "decision" in fact]

    assert Counter((fact["kind"], fact["outcome"]) for fact in told) == {
        ("policy", "signed"): 1,
        ("policy", "withdrawn"): 1,
        ("period", "signed"): 4,
        ("period", "withdrawn"): 1,
        ("entry", "signed"): 1,
        ("entry", "withdrawn"): 1,
    }
    assert told[0]["body"]["parts"] == {name: str(part) for name, part in OTHER_DIVISION.items()}
    assert told[-1]["decided_on"] == "2026-06-10"
    assert [word for word in ("Kim", "4711", "4712") if f'"{word}' in text] == []


def test_books_older_than_sealed_decisions_still_pass(database, tmp_path, capsys):
    policy = set_policy("sale", DIVISION, valid_from=NOON)
    sell(2, policy_id=policy.id)
    tamper("DELETE FROM ledger_decisions")
    seal()

    code, said = said_of_bundle(tmp_path, capsys)

    assert code == 0
    assert "No decision is sealed in these books: they are older than that." in said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_decisions SET reason = 'other'",
        "UPDATE ledger_decisions SET body = body",
        "DELETE FROM ledger_decisions",
    ],
)
def test_what_was_decided_is_neither_changed_nor_removed(decided, statement):
    with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
        db.session.execute(sa.text(statement))
    assert "only grow" in str(refused.value.orig)


def test_decisions_are_not_emptied_or_replaced(decided, engine_name):
    columns = ", ".join(column.name for column in LedgerDecision.__table__.columns)
    statements = ["TRUNCATE ledger_decisions"]
    if engine_name == "sqlite":
        statements = [
            f"INSERT OR REPLACE INTO ledger_decisions ({columns})"
            f" SELECT {columns.replace(key, value)} FROM ledger_decisions"
            for key, value in (("id, ", "id + 1, "), ("subject", "subject || '.'"))
        ]
    for statement in statements:
        with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
            db.session.execute(sa.text(statement))
        assert "ledger: " in str(refused.value.orig)


def test_nobody_writes_a_decision_that_one_person_signed(database):
    for signer in ("1", "NULL"):
        with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
            db.session.execute(
                sa.text(
                    "INSERT INTO ledger_decisions (id, kind, outcome, subject, body, reason,"
                    " proposed_by, decided_by, decided_at) VALUES (1, 'policy', 'signed',"
                    f" 'policy:1', '{{}}', '', 1, {signer}, '2026-04-18 03:00:00')"
                )
            )
        assert "four_eyes" in str(refused.value.orig)


def test_a_leaf_is_of_one_thing(decided):
    for values in ("NULL, NULL", "1, 2"):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(
                sa.text(
                    "INSERT INTO ledger_leaves (leaf_index, entry_id, decision_id, salt, leaf_hash)"
                    f" SELECT 99, {values}, salt, leaf_hash FROM ledger_leaves"
                    " WHERE leaf_index = 0"
                )
            )


def test_a_decision_alone_is_sealed_too(database):
    assert not has_unsealed()
    set_policy("sale", DIVISION, valid_from=NOON)
    assert has_unsealed()

    assert seal().size == 1
    assert not has_unsealed()
    assert faults() == []


def test_no_head_has_a_decision_without_the_entry_that_it_signs(database, monkeypatch):
    monkeypatch.setattr("marketplace.ledger.operations.sealing.BATCH", 2)
    policy = set_policy("sale", DIVISION, valid_from=NOON)
    sell(3, policy_id=policy.id)
    proposal = _proposed_entry("Bank fee")
    signed = approve_entry(proposal, by=4712, body_sha256=proposal.body_sha256, at=NOON)
    places = []
    while head := seal():
        places.append([(leaf.entry_id, leaf.decision_id) for leaf in list_leaves(0, head.size)])

    # The division goes first; what signs the entry waits for it.
    division, decision = db.session.scalars(sa.select(LedgerDecision.id).order_by("id"))
    assert places[0][0] == (None, division)
    assert (None, decision) not in places[0]
    holding = [seen for seen in places if (None, decision) in seen]
    assert all((signed, None) in seen for seen in holding)
    assert len(places[-1]) == 6


def test_a_sale_writes_no_statement_more(database):
    """Decisions are kept where people decide, never where money moves."""
    sell()
    statements = []

    def note(connection, cursor, statement, *_):
        statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        post(a_draft(SALE))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)

    assert [text for text in statements if "decision" in text] == []


def test_an_idle_look_is_one_statement(decided):
    statements = []

    def note(connection, cursor, statement, *_):
        statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        assert not has_unsealed()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)

    assert len([text for text in statements if "SAVEPOINT" not in text]) == 1


def test_earlier_decisions_are_written_down_by_the_migration(committed, tmp_path, capsys):
    """As an older house would hold them: the rows are there, and no decision is."""
    with transaction():
        decide()
    kept = sa.select(*(LedgerDecision.__table__.c[name] for name in Decided._fields[1:])).order_by(
        LedgerDecision.subject
    )
    before = [list(row) for row in db.session.execute(kept)]
    with transaction():
        sealing.tamper("DELETE FROM ledger_decisions")
    older = seal()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        downgrade(revision="0022")
        upgrade()

    after = [list(row) for row in db.session.execute(kept)]
    for rows in before, after:
        opening = next(row for row in rows if row[1] == "opening")
        opening[-1] = None  # When it was written down, which nobody did before.
    assert after == before
    assert breaches() == []
    assert older.size == 2
    assert seal().size == 12
    assert faults() == []
    code, said = said_of_bundle(tmp_path, capsys)
    assert code == 0, said
    db.session.rollback()


def test_a_log_with_decisions_does_not_go_back(committed):
    with transaction():
        decide()
    seal()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(SystemExit):
            downgrade(revision="0022")
    assert faults() == []
    db.session.rollback()
