"""The worked examples of the books: a pledge, an allocation of two funds, a part paid, the rest."""

import csv
from pathlib import Path

import pytest

from marketplace.kernel.money import won
from marketplace.reinvestment import postings
from tests.factories import NOON

EXAMPLES = Path(__file__).with_name("worked_postings.csv")
PROGRAMS, PLEDGE = "funds:village:programs", "funds:csr:CSR-26-077:available"

DRAFTS = {
    "pledge": postings.pledge("CSR-26-077", won(30_000_000), by=1, at=NOON),
    "pledge_received": postings.pledge_received(
        "CSR-26-077", won(10_000_000), "KRW-0417", by=1, at=NOON
    ),
    "allocation": postings.allocation(
        "P-0009",
        {PROGRAMS: won(4_000_000), PLEDGE: won(6_000_000)},
        proposed_by=1,
        approved_by=2,
        at=NOON,
    ),
    "disbursement": postings.disbursement(
        "P-0009", "P-0009-1", won(2_500_000), "Tahap 1", proposed_by=1, approved_by=2, at=NOON
    ),
    "disbursement_settled": postings.disbursement_settled(
        "P-0009", "P-0009-1", won(2_500_000), "IDR-1", proposed_by=1, approved_by=2, at=NOON
    ),
    "allocation_returned": postings.allocation_returned(
        "P-0009", {PLEDGE: won(6_000_000), PROGRAMS: won(1_500_000)}, by=1, at=NOON
    ),
}


def examples():
    with EXAMPLES.open() as file:
        rows = list(csv.DictReader(file))
    kinds = dict.fromkeys(row["entry"] for row in rows)
    return [
        (kind, [(r["path"], int(r["minor"])) for r in rows if r["entry"] == kind]) for kind in kinds
    ]


@pytest.mark.parametrize(("kind", "lines"), examples())
def test_an_entry_is_written_as_in_its_worked_example(kind, lines):
    draft = DRAFTS[kind]

    draft.check()
    assert draft.kind == kind
    assert [(line.path, line.amount.minor) for line in draft.lines] == lines


def test_every_kind_has_a_worked_example():
    assert {kind for kind, _ in examples()} == set(DRAFTS)
