"""Entries get their place in the log, once each, whoever writes and seals at the same time."""

import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier, Event, Thread

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.config import ConfigError
from marketplace.kernel.db import db, transaction
from marketplace.ledger.errors import KeyUnreadable, NotSealed, SealBroken, SealForked
from marketplace.ledger.leaves import canonical, leaf_of, receipt_tag
from marketplace.ledger.merkle import is_consistent, leaf_hash, root_of
from marketplace.ledger.models import LedgerEntry, LedgerHead, LedgerLeaf
from marketplace.ledger.notes import Checkpoint, new_signer, read_note
from marketplace.ledger.operations import post
from marketplace.ledger.operations.sealing import check_seen, cosign_head, seal_entries
from marketplace.ledger.queries.sealing import (
    checkpoint,
    entry_tile,
    find_booked,
    find_head,
    list_heads,
    list_leaves,
    prove_entries,
    prove_growth,
    tile,
)
from marketplace.ledger.queries.sealing_faults import check_seal
from marketplace.sealing import (
    find_public_key,
    head_file,
    key_file,
    make_seal_key,
    read_seal_key,
    seal_for_ever,
    seal_waiting,
)
from tests.conftest import settings
from tests.factories import NOON
from tests.ledger.drafts import a_draft
from tests.ledger.sealing import (
    SALE,
    SIGNER,
    WITNESS_SIGNER,
    known_history,
    seal,
    sell,
    tamper,
)


def sealed_entries() -> list[int]:
    return [leaf.entry_id for leaf in list_leaves(0, 100_000)]


def all_entries() -> list[int]:
    return list(db.session.scalars(sa.select(LedgerEntry.id).order_by(LedgerEntry.id)))


def faults() -> list[str]:
    return [str(fault) for fault in check_seal(SIGNER.verifier).faults]


def test_entries_are_sealed_in_the_order_they_came(database):
    # Those of one millisecond, in the order of their ids.
    first = sell(3)
    head = seal()
    second = sell(2)
    seal()

    assert head.size == 3
    assert sealed_entries() == sorted(first) + sorted(second)
    assert [head.size for head in list_heads(100)] == [3, 5]
    assert faults() == []


def test_nothing_new_signs_nothing(database):
    assert seal() is None
    sell()
    seal()

    assert seal() is None
    assert len(list(list_heads(100))) == 1


def test_a_head_says_whose_it_is_how_many_and_which_root(database):
    sell(2)
    head = seal()

    note = read_note(head.note)
    hashes = [leaf.hash for leaf in list_leaves(0, 2)]
    assert note.checkpoint == Checkpoint("lumbung.example/ledger", 2, root_of(hashes))
    assert note.signed_by(SIGNER.verifier)


def test_many_entries_are_sealed_in_stretches(database, monkeypatch):
    monkeypatch.setattr("marketplace.ledger.operations.sealing.BATCH", 2)
    sell(5)

    assert [seal().size for _ in range(3)] == [2, 4, 5]
    assert faults() == []


def test_a_leaf_says_nothing_about_people_and_orders(database):
    (entry_id,) = sell(memo="Kim Jisu, order L-1", key="order_paid:L-1")
    seal()

    (leaf,) = list_leaves(0, 1)
    written = canonical(
        leaf_of(find_booked([entry_id])[entry_id], salt=leaf.salt, receipt=leaf.receipt)
    )
    assert b"L-1" not in written
    assert b"Kim" not in written
    assert leaf_hash(written) == leaf.hash


def test_numbers_of_programs_are_public(database):
    with transaction():
        entry_id = post(a_draft(SALE, ref_kind="program", ref_id="P-7"))

    assert (
        leaf_of(find_booked([entry_id])[entry_id], salt=b"", receipt=None)["ref"] == "program:P-7"
    )


def test_two_equal_secrets_look_different(database):
    sell(2)
    seal()

    salts = {leaf.salt for leaf in list_leaves(0, 2)}
    assert len(salts) == 2
    assert {len(salt) for salt in salts} == {16}


def test_the_code_of_a_receipt_finds_its_entries(database):
    (entry_id,) = sell()
    seal(codes={"order": lambda numbers: {number: "7K4M-92QX-5TPA" for number in numbers}})

    assert list_leaves(0, 1)[0].receipt == receipt_tag("7K4M-92QX-5TPA", entry_id)


def test_a_known_history_has_its_known_root_on_both_engines(database):
    known_history(300)
    head = seal(new_salt=lambda entry_id: sha256(b"%d" % entry_id).digest()[:16])

    assert head.note == KNOWN_NOTE
    assert tile(1, 0, width=1).hex() == KNOWN_TILE_ROOT


KNOWN_NOTE = (
    "lumbung.example/ledger\n"
    "300\n"
    "6FrNtt/LTDByH1cWXZsJRacNVscX//VnCgglOq9ppDo=\n"
    "\n"
    "— lumbung.example/ledger fnKuW3i7uZBOw3HasKCQp3y1LgtrxA0DTEAopLgrRbXnN1nbC0Z9pzSwxiFoKwOg3JAJ"
    "gPAq7XPNsOIwLtm0Mf9sHwc=\n"
)
KNOWN_TILE_ROOT = "b2cb2c4e952e265d33835eeb6272923fded971113bb1e7663d0fa4e85d95b8fc"


def test_tiles_are_published_as_they_fill(database):
    known_history(300)
    seal()

    hashes = [leaf.hash for leaf in list_leaves(0, 300)]
    assert tile(0, 0) == b"".join(hashes[:256])
    assert tile(0, 1, width=44) == b"".join(hashes[256:])
    assert tile(1, 0, width=1) == root_of(hashes[:256])
    with pytest.raises(NotSealed):
        tile(0, 1, width=45)
    with pytest.raises(NotSealed):
        entry_tile(1)
    bundle = entry_tile(1, width=44)
    length = int.from_bytes(bundle[:2], "big")
    assert leaf_hash(bundle[2 : 2 + length]) == hashes[256]


def test_every_entry_and_every_growth_can_be_proven(database):
    known_history(259)
    first = seal()
    late = sell(2)
    newest = seal()

    proof = prove_growth(first.size, newest.size)
    assert is_consistent(first.size, first.root, newest.size, newest.root, proof)
    proven = prove_entries(late, is_open=True)
    assert [entry["index"] for entry in proven["entries"]] == ["259", "260"]
    assert proven["checkpoint"] == newest.note
    assert proven["entries"][0]["private"]["memo"] == "Order L-1"
    assert "private" not in prove_entries(late)["entries"][0]


def test_what_waits_is_not_proven(database):
    sell()
    seal()

    with pytest.raises(NotSealed):
        prove_entries(sell())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_leaves SET salt = leaf_hash",
        "DELETE FROM ledger_leaves",
        "UPDATE ledger_heads SET note = 'other'",
        "DELETE FROM ledger_heads",
        "DELETE FROM ledger_tile_roots",
        "UPDATE ledger_tile_roots SET hash = hash",
    ],
)
def test_what_is_sealed_is_neither_changed_nor_removed(database, statement):
    known_history(256)
    seal()

    with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
        db.session.execute(sa.text(statement))
    assert "only grow" in str(refused.value.orig)


@pytest.mark.parametrize(
    "values", ["leaf_index, entry_id + 1", "leaf_index + 1, entry_id"], ids=["place", "entry"]
)
def test_no_place_and_no_entry_is_taken_twice(database, engine_name, values):
    sell()
    seal()
    how = "INSERT OR REPLACE" if engine_name == "sqlite" else "INSERT"

    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(
            sa.text(
                f"{how} INTO ledger_leaves (leaf_index, entry_id, salt, leaf_hash)"
                f" SELECT {values}, salt, leaf_hash FROM ledger_leaves"
            )
        )
    assert faults() == []


def test_a_log_that_lost_what_was_seen_is_not_sealed_further(database):
    sell(2)
    seen = Checkpoint(SIGNER.name, 3, b"\x00" * 32)

    with pytest.raises(SealForked):
        seal(last_seen=seen)
    head = seal()
    check_seen(read_note(head.note).checkpoint)
    with pytest.raises(SealForked):
        check_seen(Checkpoint(SIGNER.name, 2, b"\x00" * 32))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_heads SET frontier = root",
        "UPDATE ledger_heads SET note = 'other'",
        "UPDATE ledger_heads SET root = frontier, note = replace(note, '3', '4')",
    ],
)
def test_nothing_is_sealed_upon_a_changed_head(database, statement):
    sell(3)
    seal()
    tamper(statement)
    sell()

    with pytest.raises(SealBroken):
        seal()


def test_another_key_does_not_continue_the_log(database):
    sell()
    seal()
    sell()

    with pytest.raises(SealBroken), transaction():
        seal_entries(new_signer(SIGNER.name), at=NOON)


def test_a_witness_says_what_it_saw(database):
    sell(2)
    seal()
    with transaction():
        seen = cosign_head(WITNESS_SIGNER, SIGNER.verifier, at=NOON, last_seen=None)
    sell(300)
    seal()

    with transaction():
        again = cosign_head(WITNESS_SIGNER, SIGNER.verifier, at=NOON, last_seen=seen)

    assert again.checkpoint.size == 302
    assert read_note(checkpoint()).signed_by(WITNESS_SIGNER.verifier)
    assert read_note(checkpoint()).signed_by(SIGNER.verifier)
    assert faults() == []


def test_a_witness_refuses_a_history_it_did_not_see(database):
    sell(2)
    seal()
    with transaction():
        seen = cosign_head(WITNESS_SIGNER, SIGNER.verifier, at=NOON, last_seen=None)
    tamper(
        "DELETE FROM ledger_cosignatures", "DELETE FROM ledger_heads", "DELETE FROM ledger_leaves"
    )
    sell()
    seal()

    with pytest.raises(SealForked), transaction():
        cosign_head(WITNESS_SIGNER, SIGNER.verifier, at=NOON, last_seen=seen)
    assert "witness.example" not in checkpoint()


def test_entries_of_many_writers_are_sealed_once_each(committed):
    start, done = Barrier(7), Event()

    def write():
        with committed.app_context():
            start.wait()
            for _ in range(15):
                sell()
            db.session.remove()

    def seal_on():
        with committed.app_context():
            start.wait()
            while not done.is_set():
                seal()
            db.session.remove()

    def verify_on():
        with committed.app_context():
            found = []
            while not done.is_set():
                found += faults()
                db.session.rollback()
            db.session.remove()
            return found

    with ThreadPoolExecutor(8) as pool:
        looking = pool.submit(verify_on)
        sealers = [pool.submit(seal_on) for _ in range(2)]
        writers = [pool.submit(write) for _ in range(5)]
        for writer in writers:
            writer.result()
        done.set()
        for sealer in sealers:
            sealer.result()
        assert looking.result() == []
    while seal():
        pass

    assert sorted(sealed_entries()) == all_entries()
    assert len(all_entries()) == 75
    assert faults() == []


def test_an_entry_that_is_committed_late_gets_a_later_place(committed, engine_name):
    if engine_name == "sqlite":
        return  # One writer at a time: nobody is late.
    (opened,) = sell()  # Opens the accounts, for which the others would wait.
    seal()
    posted, go_on = Event(), Event()
    late = []

    def write_slowly():
        with committed.app_context(), transaction():
            late.append(post(a_draft(SALE)))
            posted.set()
            go_on.wait(10)

    writer = Thread(target=write_slowly)
    writer.start()
    posted.wait(10)
    time.sleep(0.005)
    (quick,) = sell()
    seal()
    go_on.set()
    writer.join()
    seal()

    assert late[0] < quick
    assert sealed_entries() == [opened, quick, late[0]]
    assert faults() == []


def test_a_second_sealer_at_work_is_harmless(committed, engine_name):
    sell(3)
    results = []

    def seal_too():
        with committed.app_context():
            results.append(seal())
            db.session.remove()

    with transaction():
        seal_entries(SIGNER, at=NOON)
        second = Thread(target=seal_too)
        second.start()
        if engine_name == "postgresql":
            second.join(10)
    second.join(10)

    assert results == [None]
    assert [head.size for head in db.session.query(LedgerHead)] == [3]


def test_the_sealer_seals_within_seconds_and_goes_on_where_it_stopped(committed):
    config, stop = committed.config["LUMBUNG"], Event()

    def entries_sealed_within(seconds) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            db.session.rollback()
            if sorted(sealed_entries()) == all_entries():
                return True
            time.sleep(0.05)
        return False

    sealer = Thread(target=seal_for_ever, args=(committed, stop))
    sealer.start()
    try:
        sell(3)
        assert entries_sealed_within(3)
        sell(2)
        assert entries_sealed_within(3)
    finally:
        stop.set()
        sealer.join()

    newest = find_head()
    assert head_file(config).read_text() == newest.note
    assert key_file(config).stat().st_mode & 0o777 == 0o600
    sell()
    assert seal_waiting(config, read_seal_key(config), is_whole=False) == 1
    db.session.rollback()
    assert check_seal(read_seal_key(config).verifier).faults == []


def test_a_look_at_the_last_minutes_leaves_older_entries_to_the_whole_look(database, app):
    known_history(2)
    sell()
    config = app.config["LUMBUNG"]
    head_file(config).unlink(missing_ok=True)
    try:
        assert seal_waiting(config, SIGNER, is_whole=False) == 1
        assert seal_waiting(config, SIGNER) == 2
    finally:
        head_file(config).unlink()
    assert db.session.query(LedgerLeaf).count() == 3


def test_only_a_demo_makes_its_own_key(tmp_path):
    config = settings("", tmp_path, LUMBUNG_DEMO="0", STRIPE_SECRET_KEY="sk_test_1")

    with pytest.raises(ConfigError, match="flask ledger key"):
        read_seal_key(config)
    assert not key_file(config).exists()


def test_a_key_that_is_there_stays(tmp_path):
    path = tmp_path / "ledger.key"
    with pytest.raises(KeyUnreadable):
        make_seal_key(path, "no address")
    make_seal_key(path, "market.example/ledger")
    before = path.read_text()

    make_seal_key(path, "market.example/ledger")

    assert path.read_text() == before
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_key_may_come_from_the_environment(tmp_path):
    config = settings("", tmp_path, LUMBUNG_LEDGER_KEY=SIGNER.text)
    witness = settings("", tmp_path, LUMBUNG_LEDGER_KEY=WITNESS_SIGNER.text)

    assert read_seal_key(config) == SIGNER
    with pytest.raises(ConfigError, match="witness"):
        read_seal_key(witness)


def test_a_machine_that_seals_nothing_knows_the_public_key_alone(tmp_path):
    there = {"LUMBUNG_DEMO": "0", "STRIPE_SECRET_KEY": "sk_test_1"}
    config = settings("", tmp_path, LUMBUNG_LEDGER_PUBLIC_KEY=SIGNER.verifier.text, **there)

    assert find_public_key(config) == SIGNER.verifier
    with pytest.raises(ConfigError):
        read_seal_key(config)
    assert find_public_key(settings("", tmp_path, LUMBUNG_LEDGER_PUBLIC_KEY="x", **there)) is None


def test_a_seal_takes_the_same_few_statements_however_many_entries(database):
    counts = []
    for size in (1, 200):
        sell(size)
        statements = []

        def note(connection, cursor, statement, *_, into=statements):
            into.append(statement)

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            seal()
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        counts.append(len([text for text in statements if "SAVEPOINT" not in text]))

    assert counts[0] <= 7
    assert counts[1] <= counts[0]


def test_the_proof_of_an_entry_stays_small(database):
    known_history(300)
    seal()
    entry_id = list_leaves(150, 151)[0].entry_id

    (proven,) = prove_entries([entry_id])["entries"]

    # 17 hashes for a hundred thousand entries, 20 for a million: 640 bytes.
    assert len(proven["proof"]) == 9
