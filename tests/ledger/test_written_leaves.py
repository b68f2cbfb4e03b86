"""What is written by hand, because it is fast, is byte for byte what is written by the rule."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import now
from marketplace.ledger.drafts import Line, seal_entry
from marketplace.ledger.leaves import (
    Booked,
    BookedLine,
    are_balanced,
    are_plain,
    canonical,
    leaf_of,
    written_leaf,
    written_lines,
)
from marketplace.ledger.merkle import Frontier, leaf_hash
from marketplace.ledger.operations import post
from marketplace.ledger.public import verify
from marketplace.ledger.queries.invariants.entries import check_bodies
from marketplace.ledger.queries.sealing import list_leaves, read_stretch, written_leaves
from marketplace.ledger.queries.sealing_faults import check_seal
from tests.factories import NOON
from tests.ledger.drafts import a_draft
from tests.ledger.sealing import SALE, SIGNER, a_bundle, check, seal, sell, tamper

at_leisure = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
NUMBERS = st.integers(1, 2**63 - 1)
MINORS = st.integers(-(2**63), 2**63 - 1).filter(bool)
INSTANTS = st.builds(
    lambda seconds, micros: NOON + timedelta(seconds=seconds, microseconds=micros),
    st.integers(-(10**8), 10**9),
    st.integers(0, 999_999),
)
LINES = st.lists(
    st.builds(
        BookedLine,
        line_no=NUMBERS,
        line_count=NUMBERS,
        code=WORDS,
        currency=WORDS,
        amount=MINORS,
    ),
    max_size=6,
)
ENTRIES = st.builds(
    Booked,
    id=NUMBERS,
    kind=WORDS,
    idem_key=WORDS,
    request_sha256=WORDS,
    effective_on=st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    occurred_at=INSTANTS,
    posted_at=INSTANTS,
    line_count=NUMBERS,
    memo=WORDS,
    ref_kind=st.sampled_from([None, "order", "program", "pledge"]),
    ref_id=st.none() | WORDS,
    reverses_id=st.none() | NUMBERS,
    policy_id=st.none() | NUMBERS,
    proposed_by=st.none() | NUMBERS,
    approved_by=st.none() | NUMBERS,
    lines=LINES,
)


@at_leisure
@given(ENTRIES, st.binary(max_size=16), st.none() | WORDS)
def test_a_leaf_is_written_as_its_canonical_form(entry, salt, receipt):
    plain = canonical(leaf_of(entry, salt=salt, receipt=receipt))

    assert written_leaf(entry, salt=salt, receipt=receipt) == plain
    lines = written_lines(entry.lines)
    assert written_leaf(entry, salt=salt, receipt=receipt, lines=lines) == plain


@at_leisure
@given(
    WORDS,
    st.lists(st.tuples(WORDS, MINORS), max_size=6),
    st.tuples(st.none() | WORDS, st.none() | WORDS),
    st.none() | NUMBERS,
    st.tuples(st.none() | NUMBERS, st.none() | NUMBERS),
    st.none() | NUMBERS,
)
def test_a_body_is_hashed_as_its_canonical_form(kind, lines, ref, policy, people, reverses):
    body = {
        "kind": kind,
        "lines": sorted([code, minor] for code, minor in lines),
        "ref": list(ref),
        "policy": policy,
        "people": list(people),
        "reverses": reverses,
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert (
        seal_entry(
            kind=kind,
            lines=lines,
            ref=ref,
            policy_id=policy,
            people=people,
            reverses_id=reverses,
        )
        == hashlib.sha256(text.encode()).hexdigest()
    )


@at_leisure
@given(st.lists(st.tuples(st.sampled_from(["KRW", "IDR", "USD"]), st.integers(-3, 3)), max_size=6))
def test_text_of_lines_balances_as_its_numbers_do(sides):
    lines = [BookedLine(1, 1, "assets:bank:krw", *side) for side in sides]
    sums = Counter()
    for currency, minor in sides:
        sums[currency] += minor

    if lines:
        expected = len(lines) >= 2 and not any(sums.values())
        assert are_balanced(written_lines(lines)) == expected


@at_leisure
@given(LINES)
def test_lines_are_plain_only_where_no_word_needs_an_escape(lines):
    raw = ",".join(f'["{line.code}","{line.currency}","{line.amount}"]' for line in lines)

    if are_plain(raw, len(lines)):
        assert raw == written_lines(lines)


@at_leisure
@given(st.lists(st.integers(0, 40), max_size=8))
def test_the_checkers_tree_grows_in_stretches_as_ours_does_leaf_by_leaf(widths):
    tree, frontier = verify.Tree(), Frontier()
    for width in widths:
        hashes = [leaf_hash(b"%d" % (frontier.size + place)) for place in range(width)]
        for hash_ in hashes:
            frontier.append(hash_)
        tree.extend(hashes)

        assert (tree.size, tree.root()) == (frontier.size, frontier.root())


def many_kinds() -> None:
    """Entries in one and two currencies, with and without everything that may be missing."""
    sell(memo='Kopi "Gayo" \\ 커피\n\t', key='order_paid:"1"')
    with transaction():
        post(
            a_draft(
                {
                    "assets:stripe": won(100_000),
                    "equity:trading:idr-krw": won(-100_000),
                    "assets:bank": rupiah(90_000),
                    "liabilities:coop:gayo:payable": rupiah(-90_000),
                },
                ref_kind="program",
                ref_id="P-7",
                proposed_by=4711,
                approved_by=4712,
            )
        )
        post(a_draft(SALE, ref_kind=None, ref_id=None))


def test_leaves_read_from_the_books_are_canonical_and_need_no_closer_look(database):
    many_kinds()
    seal()

    stretch = read_stretch(0, 3)

    assert [sealed.is_plain for sealed in stretch] == [True] * 3
    assert [leaf_hash(text) for text in written_leaves(0, 3)] == [
        leaf.hash for leaf in list_leaves(0, 3)
    ]
    assert check_bodies(now()).breaches == []


def test_a_name_that_pretends_to_be_two_lines_is_noticed(database):
    (entry_id,) = sell()
    seal()
    one, two = (
        ("assets:stripe:krw", 1_000),
        ("funds:village:held:krw", -30),
    )
    tamper(
        f'UPDATE ledger_accounts SET code = \'{one[0]}","KRW","{one[1]}"],["{two[0]}\''
        f" WHERE code = '{two[0]}'",
        "DELETE FROM ledger_postings WHERE entry_id = :id AND line_no = 1",
        # In two steps, since a line may not stand for a moment where another one stands.
        "UPDATE ledger_postings SET line_no = line_no + 9, line_count = 20 WHERE entry_id = :id",
        "UPDATE ledger_postings SET line_no = line_no - 10, line_count = 2 WHERE entry_id = :id",
        "UPDATE ledger_entries SET line_count = 2 WHERE id = :id",
        id=entry_id,
    )

    assert check_seal(SIGNER.verifier).faults != []
    assert [breach.entry_id for breach in check_bodies(now()).breaches] == [entry_id]


def test_one_account_twice_is_no_breach(database):
    with transaction():
        sides = [("assets:bank", 9), ("assets:bank", 10), ("equity:opening", -19)]
        post(replace(a_draft(SALE), lines=[Line(path, won(minor)) for path, minor in sides]))

    finding = check_bodies(now())

    assert (finding.rows, finding.breaches) == (1, [])


@pytest.mark.parametrize("width", [100, 1_000])
def test_the_checker_reads_in_stretches_of_any_width(
    database, tmp_path, capsys, monkeypatch, width
):
    many_kinds()
    seal()
    sell(3)
    seal()
    monkeypatch.setattr(verify, "STRETCH", width)

    code, said = check(capsys, a_bundle(tmp_path / "b.zip"))

    assert (code, "All 6 entries balance" in said) == (0, True), said


def test_nothing_is_read_entry_by_entry(database):
    """A stretch costs the same few questions, however many entries it has."""
    counts = []
    for size in (1, 60):
        sell(size)
        seal()
        statements = []

        def note(connection, cursor, statement, *_, into=statements):
            into.append(statement)

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            check_seal(SIGNER.verifier)
            check_bodies(now() + timedelta(days=1))
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        counts.append(len(statements))
    db.session.rollback()

    assert counts[1] <= counts[0] + 1
