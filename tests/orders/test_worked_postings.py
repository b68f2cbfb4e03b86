"""The worked examples of docs/worked-postings.csv, entry by entry."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.kernel.money import rupiah, won
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.orders import (
    dispute_postings,
    freight_postings,
    payout_postings,
    postings,
    revaluation_postings,
)
from marketplace.orders.policies import dispute_parts, divide_share, refund_parts, split_parcel
from marketplace.orders.queries.revaluation import Revaluation
from marketplace.payments import recon_postings
from tests.factories import NOON
from tests.orders.world import SALE_PARTS, SHARE_PARTS

TABLE = Path(__file__).resolve().parents[2] / "docs" / "worked-postings.csv"
RATE = Decimal("11.80")
PAID = split_parcel(100_000, 12_000, SALE_PARTS, RATE)
FIRST_REFUND = refund_parts(PAID, 50_000, RATE)
LEFT = PAID - FIRST_REFUND
LEFT_GOODS = refund_parts(LEFT, 50_000, RATE)
AFTER_RELEASE = refund_parts(LEFT, 20_000, RATE)
SMALL = split_parcel(30_000, 12_000, SALE_PARTS, RATE)

DISPUTED = split_parcel(50_000, 12_000, SALE_PARTS, RATE)
DISPUTE = ("L-2", "du_1")

WHEN = {"occurred_at": NOON, "at": NOON}
ABOUT = ("L-1-R1", "L-1", "gayo")

PAYOUT, OWED = "PO-1-1", rupiah(542_800)
SIGNED = {"signers": (1, 2), "at": NOON}


FEE = (1, "assets:bank")


def invoiced(paid):
    return freight_postings.carrier_invoice(
        "pos-ems", "EMS-1", 1, won(12_000), won(paid), name="Pos Indonesia EMS", **WHEN
    )


def from_funds(share):
    return {SHARE_FUNDS[name]: part for name, part in divide_share(share, SHARE_PARTS).items()}


def settled(paid):
    return payout_postings.payout_settled(
        PAYOUT,
        OWED,
        book=won(46_000),
        paid=won(paid),
        fee=won(2_500),
        reference="FT-1",
        occurred_at=NOON,
        **SIGNED,
    )


def netted(book):
    return payout_postings.clawback_netted(
        PAYOUT, "gayo", OWED, book=won(book), clawback_book=won(46_000), **SIGNED
    )


def revalued(rate):
    open_rupiah = Revaluation(NOON.date(), OWED, won(46_000), Decimal(rate), NOON.date())
    return revaluation_postings.revaluation(NOON.date(), open_rupiah.lost, **SIGNED)


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
        *ABOUT,
        AFTER_RELEASE,
        from_funds=from_funds(AFTER_RELEASE.village_share),
        from_reserve=0,
        from_payable=AFTER_RELEASE.owed,
        **WHEN,
    ),
    ("E", "refund"): postings.refund(*ABOUT, refund_parts(SMALL, 42_000, RATE), **WHEN),
    ("F", "payout"): payout_postings.payout_sent(PAYOUT, "gayo", OWED, **SIGNED),
    ("F", "payout_settled"): settled(46_793),
    ("G", "payout_settled"): settled(45_233),
    ("H", "payout_rejected"): payout_postings.payout_rejected(
        PAYOUT, "gayo", OWED, "Account closed", reverses=1, **SIGNED
    ),
    ("I", "refund"): postings.refund_after_release(
        *ABOUT, LEFT_GOODS, from_funds={}, from_reserve=1_000, from_payable=0, **WHEN
    ),
    ("J", "clawback_netted"): netted(45_233),
    ("K", "clawback_netted"): netted(46_793),
    ("L", "dispute_opened"): dispute_postings.dispute_opened(
        *DISPUTE, won(62_000), won(22_000), **WHEN
    ),
    ("L", "dispute_lost"): dispute_postings.dispute_lost(
        *DISPUTE, "L-2-1", "gayo", dispute_parts(DISPUTED, 62_000, RATE), at=NOON
    ),
    ("M", "dispute_won"): dispute_postings.dispute_won(*DISPUTE, won(62_000), won(0), at=NOON),
    ("N", "dispute_won"): dispute_postings.dispute_won(*DISPUTE, won(62_000), won(22_000), at=NOON),
    ("O", "dispute_borne"): dispute_postings.dispute_borne(
        *DISPUTE, "L-2-1", DISPUTED, from_reserve=30_000, by=1, at=NOON
    ),
    ("P", "dispute_charged"): dispute_postings.dispute_charged(
        *DISPUTE,
        "L-2-1",
        "gayo",
        DISPUTED,
        from_funds={"funds:village:programs": 1_050},
        from_reserve=300,
        from_payable=20_000_000,
        by=1,
        at=NOON,
    ),
    ("Q", "dispute_recovered"): dispute_postings.dispute_recovered(
        *DISPUTE, won(62_000), won(0), at=NOON
    ),
    ("R", "dispute_uncovered"): dispute_postings.dispute_uncovered(*DISPUTE, won(5_000), at=NOON),
    ("S", "stripe_payout"): recon_postings.stripe_payout("po_1", won(100_000), **WHEN),
    ("S", "stripe_payout_arrived"): recon_postings.stripe_payout_arrived(
        "po_1", "assets:bank", won(100_000), won(99_500), "FT-3", by=1, **WHEN
    ),
    ("T", "stripe_payout_failed"): recon_postings.stripe_payout_failed(
        "po_1", won(100_000), **WHEN
    ),
    ("U", "stripe_charged"): recon_postings.stripe_charged("txn_1", won(900), **WHEN),
    ("V", "stripe_unclassified"): recon_postings.stripe_unclassified(
        "txn_2", "risk_reserved_funds", won(-700), **WHEN
    ),
    ("V", "stripe_classified"): recon_postings.stripe_classified(
        "txn_2", "expenses:stripe-fee", won(-700), "Reserve", by=1, at=NOON
    ),
    ("W", "bank_fee"): recon_postings.bank_fee(*FEE, won(3_000), "May", **WHEN),
    ("W", "bank_fee_returned"): recon_postings.bank_fee_returned(*FEE, won(1_000), "May", **WHEN),
    ("X", "carrier_invoice"): invoiced(11_400),
    ("Y", "carrier_invoice"): invoiced(12_500),
    ("Z", "refund"): postings.refund(
        *ABOUT, refund_parts(SMALL, 42_000, RATE), freight=postings.SHIPPING_LOSS, **WHEN
    ),
    ("AA", "revaluation"): revalued("11.60"),
    ("AA", "reversal"): replace(
        revalued("11.60"), kind="reversal", lines=[-line for line in revalued("11.60").lines]
    ),
    ("AB", "revaluation"): revalued("12.00"),
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


def test_what_the_table_pays_out_leaves_no_currency_open():
    sums = Counter()
    for key in (
        ("A", "sale"),
        ("B", "refund"),
        ("C", "release"),
        ("F", "payout"),
        ("F", "payout_settled"),
    ):
        sums.update(examples()[key])

    pair = "equity:trading:idr-krw"
    assert (sums[f"{pair}:krw"], sums[f"{pair}:idr"]) == (0, 0)
    assert sums["assets:payout-transit:idr"] == 0
