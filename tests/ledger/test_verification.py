"""Whatever is changed behind the guards is noticed: by us, and by a stranger with one file."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import rupiah, won
from marketplace.ledger.chart import CHART, DEBIT_CLASSES
from marketplace.ledger.models import SplitPolicy
from marketplace.ledger.operations import post, reverse, set_policy
from marketplace.ledger.operations.sealing import cosign_head, seal_entries
from marketplace.ledger.public import verify
from marketplace.ledger.queries.sealing import checkpoint, get_head, prove_entries
from marketplace.ledger.queries.sealing_faults import check_seal
from marketplace.sealing import head_file, key_file
from tests.conftest import build, fresh_database, settings
from tests.factories import NOON
from tests.ledger.drafts import TODAY, a_draft
from tests.ledger.sealing import (
    SIGNER,
    WITNESS_SIGNER,
    a_bundle,
    check,
    known_history,
    rewritten,
    seal,
    sell,
    tamper,
)
from tests.stages import Stage

CODE = "7K4M-92QX-5TPA"
KEY = SIGNER.verifier.text


def a_history() -> list[int]:
    """A division and four entries under two heads: two sales, an exchange and its reversal."""
    policy = set_policy("sale", {"cooperative": 10_000}, valid_from=NOON)
    sold = sell(2)
    seal()
    with transaction():
        exchange = post(
            a_draft(
                {
                    "assets:stripe": won(100_000),
                    "equity:trading:idr-krw": won(-100_000),
                    "assets:bank": rupiah(90_000),
                    "liabilities:coop:gayo:payable": rupiah(-90_000),
                },
                ref_kind="program",
                ref_id="P-7",
                policy_id=policy.id,
                proposed_by=4711,
                approved_by=4712,
            )
        )
        undone = reverse(exchange, occurred_at=NOON, effective_on=TODAY, memo="Counted twice")
    seal(codes={"order": lambda numbers: {number: CODE for number in numbers}})
    return [*sold, exchange, undone]


@pytest.fixture
def stage(request, stages) -> Stage | None:
    return stages(a_history) if "history" in request.fixturenames else None


@pytest.fixture
def history(database, stage) -> list[int]:
    return stage.things


def faults(**more) -> list[str]:
    return [str(fault) for fault in check_seal(SIGNER.verifier, **more).faults]


def test_an_honest_history_passes(history, tmp_path, capsys):
    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--key", KEY)

    assert code == 0
    assert "All 4 entries balance" in said
    assert "Decisions of people: 1 on divisions, 0 on months, 0 on entries;" in said
    assert "grew through all 2 published heads" in said
    assert "WRONG" not in said
    assert faults() == []
    report = check_seal(SIGNER.verifier)
    assert (report.leaves, report.heads, report.waiting) == (5, 2, 0)


CHANGES = {
    "entry id": "UPDATE ledger_entries SET id = id + 1 WHERE id = :id",
    "kind": "UPDATE ledger_entries SET kind = 'refund' WHERE id = :id",
    "key": "UPDATE ledger_entries SET idem_key = 'other' WHERE id = :id",
    "request": "UPDATE ledger_entries SET request_sha256 = 'other' WHERE id = :id",
    "day": "UPDATE ledger_entries SET effective_on = '2026-04-17' WHERE id = :id",
    "time": "UPDATE ledger_entries SET occurred_at = '2026-04-18 03:00:00.000001' WHERE id = :id",
    "booked": "UPDATE ledger_entries SET posted_at = '2026-04-18 03:00:00.000000' WHERE id = :id",
    "line count": "UPDATE ledger_entries SET line_count = 4 WHERE id = :id",
    "memo": "UPDATE ledger_entries SET memo = memo || '.' WHERE id = :id",
    "no memo": "UPDATE ledger_entries SET memo = '' WHERE id = :id",
    "matter": "UPDATE ledger_entries SET ref_kind = 'pledge' WHERE id = :id",
    "number": "UPDATE ledger_entries SET ref_id = 'L-2' WHERE id = :id",
    "reversal": "UPDATE ledger_entries SET reverses_id = id WHERE id = :id",
    "policy": "UPDATE ledger_entries SET policy_id = :policy WHERE id = :id",
    "proposer": "UPDATE ledger_entries SET proposed_by = 7 WHERE id = :id",
    "approver": "UPDATE ledger_entries SET approved_by = 8 WHERE id = :id",
    "gone": "DELETE FROM ledger_entries WHERE id = :id",
    "lines gone": "DELETE FROM ledger_postings WHERE entry_id = :id",
    "one line gone": "DELETE FROM ledger_postings WHERE entry_id = :id AND line_no = 1",
    "one amount": "UPDATE ledger_postings SET amount = amount + 1"
    " WHERE entry_id = :id AND line_no = 1",
    "all amounts": "UPDATE ledger_postings SET amount = amount * 2 WHERE entry_id = :id",
    "account": "UPDATE ledger_postings SET account_id = (SELECT id FROM ledger_accounts"
    " WHERE code = 'equity:trading:idr-krw:krw') WHERE entry_id = :id AND line_no = 1",
    "currency": "UPDATE ledger_postings SET currency = 'IDR', account_id = (SELECT id"
    " FROM ledger_accounts WHERE code = 'assets:bank:idr') WHERE entry_id = :id",
    "house": "UPDATE ledger_postings SET line_count = 4 WHERE entry_id = :id",
    "entry of lines": "UPDATE ledger_postings SET entry_id = entry_id + 1 WHERE entry_id = :id",
    "name of an account": "UPDATE ledger_accounts SET code = 'assets:other:krw'"
    " WHERE code = 'assets:stripe:krw'",
    "salt": "UPDATE ledger_leaves SET salt = leaf_hash WHERE entry_id = :id",
    "receipt": "UPDATE ledger_leaves SET receipt = 'aa' WHERE entry_id = :id",
    "leaf gone": "DELETE FROM ledger_leaves WHERE entry_id = :id",
    "leaf of another": "UPDATE ledger_leaves SET entry_id = entry_id + 1 WHERE entry_id = :id",
}
# What a public copy cannot show: these are no part of it, and it is right without them.
OURS_ALONE = {"line count", "house"}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", [0, 1])
def test_a_changed_entry_is_noticed(history, tmp_path, capsys, change, place):
    policy = db.session.scalar(sa.select(SplitPolicy.id))
    tamper(CHANGES[change], id=history[place], policy=policy)

    assert faults() != []
    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--key", KEY)
    assert (code, "WRONG" in said) == ((0, False) if change in OURS_ALONE else (1, True))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_heads SET root = (SELECT root FROM ledger_heads WHERE size = 3)"
        " WHERE size = 5",
        "DELETE FROM ledger_heads WHERE size = 5",
        "UPDATE ledger_heads SET note = (SELECT note FROM ledger_heads WHERE size = 3)"
        " WHERE size = 5",
        "UPDATE ledger_heads SET note = replace(note, 'lumbung', 'lumbvng') WHERE size = 5",
        "UPDATE ledger_heads SET note = replace(note, 'lumbung', 'lumbvng') WHERE size = 3",
    ],
)
def test_a_changed_head_is_noticed(history, tmp_path, capsys, change):
    tamper(change)

    assert faults() != []
    if "SET note" in change:
        assert check(capsys, a_bundle(tmp_path / "b.zip"), "--key", KEY)[0] == 1


def test_a_stored_hash_helps_nobody_who_changed_the_entry(history, tmp_path, capsys):
    """Not even with a root and a signature made anew, by whoever lacks the key."""
    tamper("UPDATE ledger_postings SET amount = amount * 2 WHERE entry_id = :id", id=history[0])
    tamper("DELETE FROM ledger_heads", "DELETE FROM ledger_leaves")
    thief = type(SIGNER)(SIGNER.name, SIGNER.kind, bytes(32))
    with transaction():
        seal_entries(thief, at=NOON)

    assert any("not signed by our key" in fault for fault in faults())
    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--key", KEY)
    assert code == 1
    assert "not signed by the key" in said


def test_tiles_that_were_changed_are_noticed(database):
    known_history(256)
    seal()
    tamper("UPDATE ledger_tile_roots SET position = 1")

    assert faults() == ["The tiles of the log are not those of its leaves."]


CUT = (
    "DELETE FROM ledger_heads WHERE size = 5",
    "DELETE FROM ledger_leaves WHERE leaf_index >= 3",
    "DELETE FROM ledger_postings WHERE entry_id IN (:first, :second)",
    "DELETE FROM ledger_entries WHERE id = :second",
    "DELETE FROM ledger_entries WHERE id = :first",
)


def test_a_history_that_was_cut_off_is_noticed_by_who_saw_more(history, tmp_path, capsys):
    last_head = tmp_path / "head.txt"
    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--key", KEY, "--last-head", last_head)
    assert (code, last_head.read_text()) == (0, checkpoint())
    seen = verify.read_head(last_head.read_text())

    tamper(*CUT, first=history[2], second=history[3])
    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--key", KEY, "--last-head", last_head)

    assert code == 1
    assert "cut off" in said
    assert verify.read_head(last_head.read_text()).size == 5
    assert faults() == []
    assert faults(last_seen=seen) == ["A head of 5 leaves was seen that the ledger does not have."]


def test_a_history_that_was_rewritten_is_noticed_by_who_saw_it(history, tmp_path, capsys):
    last_head = tmp_path / "head.txt"
    check(capsys, a_bundle(tmp_path / "b.zip"), "--last-head", last_head)
    tamper("UPDATE ledger_entries SET kind = 'refund' WHERE id = :id", id=history[0])
    tamper("DELETE FROM ledger_heads", "DELETE FROM ledger_leaves")
    seal()
    sell()
    seal()

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--last-head", last_head)

    assert code == 1
    assert "rewritten" in said


def test_the_head_that_is_remembered_moves_on(history, tmp_path, capsys):
    last_head = tmp_path / "head.txt"
    check(capsys, a_bundle(tmp_path / "b.zip"), "--last-head", last_head)
    sell(3)
    seal()

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--last-head", last_head)

    assert (code, verify.read_head(last_head.read_text()).size) == (0, 8)
    assert "Nothing of the 5 leaves" in said


def test_a_receipt_is_found_by_its_code(database, tmp_path, capsys):
    sell()
    seal(codes={"order": lambda numbers: {number: CODE for number in numbers}})
    bundle = a_bundle(tmp_path / "b.zip")

    code, said = check(capsys, bundle, "--receipt", "7k4m 92qx 5tpa")
    assert code == 0
    assert "1 sealed entries belong to the receipt" in said
    assert "funds:village:held:krw -30" in said


def test_a_receipt_that_the_bundle_does_not_hold_is_no_reproach(history, tmp_path, capsys):
    bundle = a_bundle(tmp_path / "b.zip")

    code, said = check(capsys, bundle, "--receipt", "7K4M-92QX-5TPB")

    assert code == 2
    assert "The bundle of 5 leaves, the newest entry booked on 20" in said
    assert "mistyped, or its entries are newer" in said
    assert "within ten minutes" in said
    assert "WRONG" not in said
    assert "Something is wrong" not in said


@pytest.mark.parametrize("content", ["{}", "[]", "no proof", '{"checkpoint": 1}', None])
def test_what_is_no_proof_is_called_so(history, tmp_path, capsys, content):
    proof = tmp_path / "proof.json"
    if content is not None:
        proof.write_text(content)

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--receipt", proof)

    assert code == 2
    assert ("is neither a file here" if content is None else "is no proof.") in said


def test_a_proof_of_no_entries_proves_nothing(history, tmp_path, capsys):
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(prove_entries(history) | {"entries": []}))

    assert check(capsys, a_bundle(tmp_path / "b.zip"), "--receipt", proof)[0] == 2


def test_a_wrong_bundle_stays_wrong_where_the_receipt_is_missing(history, tmp_path, capsys):
    bundle = rewritten(
        a_bundle(tmp_path / "b.zip"), "balances.json", lambda b: b.replace(b'"2000"', b'"2001"')
    )

    assert check(capsys, bundle, "--receipt", "7K4M-92QX-5TPB")[0] == 1


@pytest.mark.parametrize("is_open", [False, True])
def test_a_receipt_is_proven_by_a_file(history, tmp_path, capsys, is_open):
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(prove_entries(history[:2], is_open=is_open)))
    sell()
    seal()

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--receipt", proof)

    assert code == 0
    assert "2 entries are proven" in said
    assert ("Order L-1" in said) == is_open


def test_a_proof_that_is_newer_than_the_bundle_asks_for_a_new_bundle(history, tmp_path, capsys):
    bundle, proof = a_bundle(tmp_path / "bundle.zip"), tmp_path / "proof.json"
    new = sell()
    seal()
    proof.write_text(json.dumps(prove_entries(new)))

    code, said = check(capsys, bundle, "--receipt", proof)

    assert code == 2
    assert "The bundle of 5 leaves" in said
    assert "goes up to leaf 6" in said
    assert "The books are right" in said
    assert "ERROR" not in said


def test_a_proof_up_to_an_older_head_holds_in_a_newer_bundle(history, tmp_path, capsys):
    size = get_head().size
    sell()
    seal()
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(prove_entries(history, size=size)))

    assert check(capsys, a_bundle(tmp_path / "bundle.zip"), "--receipt", proof)[0] == 0


def test_a_proof_of_something_else_is_refused(history, tmp_path, capsys):
    proven = prove_entries(history[:1], is_open=True)
    bundle, proof = a_bundle(tmp_path / "b.zip"), tmp_path / "proof.json"
    for change in (
        lambda entry: entry["leaf"].update(kind="refund"),
        lambda entry: entry.update(index="0"),
        lambda entry: entry["proof"].pop(),
        lambda entry: entry["private"].update(memo="Order L-2"),
    ):
        changed = json.loads(json.dumps(proven))
        change(changed["entries"][0])
        proof.write_text(json.dumps(changed))

        assert check(capsys, bundle, "--receipt", proof)[0] == 1


def test_every_changed_byte_of_the_entries_is_noticed(history, tmp_path, capsys):
    bundle = a_bundle(tmp_path / "b.zip")
    with zipfile.ZipFile(bundle) as opened:
        leaves = opened.read("leaves.jsonl")

    for place in range(0, len(leaves), 41):

        def change(content, place=place):
            other = bytes([content[place] ^ 1])
            return content[:place] + other + content[place + 1 :]

        code, _ = check(capsys, rewritten(bundle, "leaves.jsonl", change), "--key", KEY)
        assert code == 1, leaves[place - 10 : place + 10]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("balances.json", lambda b: b.replace(b'"2000"', b'"2001"'), "published with"),
        ("leaves.jsonl", lambda b: b.replace(b'","id"', b'", "id"', 1), "not written as"),
        ("leaves.jsonl", lambda b: b.partition(b"\n")[2], "the bundle 4"),
        ("leaves.jsonl", lambda b: b"".join(sorted(b.splitlines(True))[::-1]), "root"),
        ("checkpoints.jsonl", lambda b: b.replace(b'"note":"l', b'"note":"L'), "does not fit"),
        ("checkpoint", lambda b: b.replace(b"\n5\n", b"\n4\n"), "not signed"),
    ],
)
def test_a_changed_bundle_is_noticed(history, tmp_path, capsys, name, change, words):
    bundle = rewritten(a_bundle(tmp_path / "b.zip"), name, change)

    code, said = check(capsys, bundle, "--key", KEY)

    assert code == 1
    assert words in said


def signature_of_another_head(line: bytes) -> bytes:
    """The oldest head, under the signature of the newest."""
    first, *others = line.splitlines(True)
    note, newest = (json.loads(row)["note"] for row in (first, others[-1]))
    text = note.rpartition("\n\n")[0] + "\n\n" + newest.rpartition("\n\n")[2]
    return b"".join([json.dumps({"size": "3", "note": text}).encode() + b"\n", *others])


def without_signature(line: bytes) -> bytes:
    return line.replace("— lumbung".encode(), "— somebody".encode(), 1)


@pytest.mark.parametrize("change", [signature_of_another_head, without_signature])
def test_each_older_head_must_be_signed(history, tmp_path, capsys, change):
    bundle = rewritten(a_bundle(tmp_path / "b.zip"), "checkpoints.jsonl", change)

    code, said = check(capsys, bundle, "--key", KEY)

    assert code == 1
    assert "The head of 3 leaves is not signed by the key." in said


def test_of_very_many_heads_some_are_drawn_and_it_is_said(history, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(verify, "MOST_SIGNATURES", 1)

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"), "--key", KEY)

    assert code == 0
    assert "all 2 published heads; 1, drawn by lot, are signed" in said


def flip(content: bytes) -> bytes:
    return content.replace(b'"is_restricted":true', b'"is_restricted":false', 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b"", "assets:bank:idr is missing"),
        (lambda b: b.partition(b"\n")[2], "assets:bank:idr is missing"),
        (lambda b: b"".join(b.splitlines(True)[:-1]), "is missing"),
        (lambda b: b + b.splitlines(True)[0], "assets:bank:idr is listed twice"),
        (lambda b: b + b.splitlines(True)[0].replace(b"bank", b"safe"), "no entry has it"),
        (flip, "funds:village:held:krw is listed in accounts.jsonl as something else"),
        (lambda b: b.replace(b'restricted":false', b'restricted":true', 1), "something else"),
        (lambda b: b.replace(b'"class":"A"', b'"class":"X"', 1), "something else"),
        (lambda b: b.replace(b'"currency":"IDR"', b'"currency":"KRW"', 1), "something else"),
    ],
)
def test_a_changed_list_of_accounts_is_noticed(history, tmp_path, capsys, change, words):
    bundle = rewritten(a_bundle(tmp_path / "b.zip"), "accounts.jsonl", change)

    code, said = check(capsys, bundle, "--key", KEY)

    assert code == 1
    assert words in said


def test_funds_without_cash_are_noticed(database, tmp_path, capsys):
    with transaction():
        post(a_draft({"assets:bank": won(500), "funds:village:programs": won(-500)}))
        post(a_draft({"expenses:fx": won(1), "assets:bank": won(-1)}))
    seal()

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"))

    assert code == 1
    assert "The funds hold KRW 500, the cash is KRW 499." in said


def test_rupiah_that_are_on_their_way_need_no_cover(database, tmp_path, capsys):
    payable = "liabilities:coop:gayo:payable"
    with transaction():
        post(a_draft({"equity:trading:idr-krw": rupiah(900), payable: rupiah(-900)}))
        post(a_draft({payable: rupiah(900), "assets:payout-transit": rupiah(-900)}))
    seal()

    assert check(capsys, a_bundle(tmp_path / "bundle.zip"))[0] == 0


def test_the_same_history_gives_the_same_bundle(history, tmp_path):
    first, second = a_bundle(tmp_path / "1.zip"), a_bundle(tmp_path / "2.zip")

    assert first.read_bytes() == second.read_bytes()


def test_the_bundle_says_nothing_about_people_and_orders(database, tmp_path):
    sell(memo="Kim Jisu", key="order_paid:L-1", proposed_by=4711, approved_by=4712)
    seal()

    with zipfile.ZipFile(a_bundle(tmp_path / "b.zip")) as bundle:
        everything = b"".join(bundle.read(name) for name in bundle.namelist())
    assert [word for word in (b"Kim", b"L-1", b"4711") if word in everything] == []


def test_a_stranger_needs_nothing_but_python(history, tmp_path):
    bundle = a_bundle(tmp_path / "b.zip")
    with zipfile.ZipFile(bundle) as opened:
        opened.extract("verify.py", tmp_path)

    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", bundle, "--key", KEY],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "All is right." in done.stdout


def test_the_commands_seal_verify_bundle_and_witness(committed, tmp_path, capsys):
    run = committed.test_cli_runner().invoke
    sell(2)
    db.session.rollback()

    sealed = run(args=["ledger", "seal"])
    assert "sealed: 2" in sealed.output
    assert "All is as it was sealed." in run(args=["ledger", "verify"]).output
    bundle, witness, seen = tmp_path / "b.zip", tmp_path / "w.key", tmp_path / "seen.txt"
    made = run(args=["ledger", "key", "witness.example/w1", "--witness", str(witness)])
    assert "witness.example/w1+" in made.output
    again = run(args=["ledger", "key", "other.example"])
    assert again.exit_code == 1
    assert "keeps its key" in again.output
    for _ in range(2):
        said = run(args=["ledger", "witness", str(seen), "--key", str(witness)])
        assert said.exit_code == 0, said.output
    assert "— witness.example/w1" in seen.read_text()
    assert run(args=["ledger", "bundle", str(bundle)]).exit_code == 0
    assert check(capsys, bundle, "--last-head", seen)[0] == 0


def test_the_command_notices_a_cut_and_the_sealer_stops(committed, engine_name):
    run = committed.test_cli_runner().invoke
    sell()
    run(args=["ledger", "seal"])
    config = committed.config["LUMBUNG"]
    before = key_file(config).read_text(), head_file(config).read_text()
    folder = config.instance / "other"
    folder.mkdir()
    other = build(settings(fresh_database(engine_name, folder), config.instance))

    with other.app_context():
        sell()
        db.session.rollback()
        ours = other.test_cli_runner().invoke
        verified, sealed = ours(args=["ledger", "verify"]), ours(args=["ledger", "seal"])
        db.session.remove()
        db.engine.dispose()

    assert verified.exit_code == 1
    assert "A head of 1 leaves was seen" in verified.output
    assert sealed.exit_code == 1
    assert (key_file(config).read_text(), head_file(config).read_text()) == before


def test_bytes_changed_in_the_file_itself_are_noticed(committed, engine_name, tmp_path, capsys):
    if engine_name == "postgresql":
        return  # Its files are not ours to write to; the guards are switched off above.
    sell(memo="Order L-1 of long ago")
    seal()
    file = Path(db.engine.url.database)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.session.remove()
    db.engine.dispose()
    content = file.read_bytes()
    assert b"Order L-1 of long ago" in content
    file.write_bytes(content.replace(b"Order L-1 of long ago", b"Order L-2 of long ago"))

    assert len(faults()) >= 1
    assert check(capsys, a_bundle(tmp_path / "b.zip"))[0] == 1


def test_what_is_no_date_any_more_is_noticed(history, engine_name, tmp_path, capsys):
    if engine_name == "postgresql":
        return  # It keeps dates only.
    tamper("UPDATE ledger_entries SET effective_on = 'never' WHERE id = :id", id=history[0])

    assert any("is gone" in fault for fault in faults())
    assert check(capsys, a_bundle(tmp_path / "b.zip"))[0] == 1


def test_every_account_of_the_chart_can_be_written_and_read(database, tmp_path, capsys):
    with transaction():
        for rule in CHART:
            path = rule.pattern.replace("*", "P-7")
            side = 1 if rule.account_class in DEBIT_CLASSES else -1
            other = "equity:opening" if path == "assets:bank" else "assets:bank"
            amount = won(1_000 * side if path == "assets:bank" else side)
            post(a_draft({path: amount, other: -amount}))
    seal()

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"))

    assert (code, f"All {len(CHART)} entries balance" in said) == (0, True), said


def test_cosignatures_that_were_changed_are_noticed(history):
    with transaction():
        cosign_head(WITNESS_SIGNER, SIGNER.verifier, at=NOON, last_seen=None)
    assert faults() == []
    tamper("UPDATE ledger_cosignatures SET line = replace(line, 'A', 'B')")

    assert faults() == ["A cosignature under the head of 5 leaves is wrong."]
