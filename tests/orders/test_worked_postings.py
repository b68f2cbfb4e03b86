"""The worked examples of docs/worked-postings.csv, entry by entry."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.kernel.money import won
from marketplace.orders import postings
from marketplace.orders.policies import divide_share, refund_parts, split_parcel
from tests.factories import NOON
from tests.orders.world import SALE_PARTS, SHARE_PARTS

TABLE = Path(__file__).resolve().parents[2] / "docs" / "worked-postings.csv"
RATE = Decimal("11.80")
PAID = split_parcel(100_000, 12_000, SALE_PARTS, RATE)
FIRST_REFUND = refund_parts(PAID, 50_000, RATE)
LEFT = PAID - FIRST_REFUND
AFTER_RELEASE = refund_parts(LEFT, 20_000, RATE)
SMALL = split_parcel(30_000, 12_000, SALE_PARTS, RATE)

WHEN = {"occurred_at": NOON, "at": NOON}
ABOUT = ("L-1-R1", "L-1", "gayo")

ENTRIES = {
    ("A", "sale"): postings.sale("L-1", [("gayo", PAID)], policy_id=1, **WHEN),
    ("A", "stripe_fee"): postings.stripe_fee("L-1", "txn_1", won(4_032), **WHEN),
    ("B", "refund"): postings.refund(*ABOUT, FIRST_REFUND, **WHEN),
    ("C", "release"): postings.release(
        "L-1-1",
        "L-1",
        "gayo",
        LEFT,
        divide_share(LEFT.village_share, SHARE_PARTS),
        policy_id=1,
        at=NOON,
    ),
    ("D", "refund"): postings.refund_after_release(
        *ABOUT, AFTER_RELEASE, from_reserve=75, from_payable=AFTER_RELEASE.owed, **WHEN
    ),
    ("E", "refund"): postings.refund(*ABOUT, refund_parts(SMALL, 42_000, RATE), **WHEN),
}


def examples():
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        lines = found.setdefault((row["example"], row["entry"]), Counter())
        lines[row["account"]] += int(row["amount"])
    return found


@pytest.mark.parametrize("key", ENTRIES)
def test_each_entry_is_as_the_table_says(key):
    booked = Counter()
    for line in ENTRIES[key].lines:
        booked[line.code] += line.amount.minor

    assert booked == examples()[key]


@pytest.mark.parametrize("key", ENTRIES)
def test_each_entry_balances_in_every_currency(key):
    ENTRIES[key].check()


def test_the_table_has_no_example_that_nobody_checks():
    assert set(examples()) == set(ENTRIES)
