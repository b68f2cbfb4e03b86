"""Kinds of entries and accounts in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flask_babel import gettext as _

from marketplace.statements.owners import cooperative_name

# How the badge of a kind looks; kinds that are not here are blue.
LOOKS = {
    "pledge": "ok",
    "pledge_received": "ok",
    "disbursement": "wait",
    "disbursement_settled": "wait",
    "payout": "wait",
    "payout_settled": "wait",
    "payout_rejected": "bad",
    "refund": "bad",
    "refund_failed": "bad",
    "reversal": "bad",
    "dispute_opened": "wait",
    "dispute_won": "ok",
    "dispute_recovered": "ok",
    "dispute_lost": "bad",
    "dispute_borne": "bad",
    "dispute_charged": "bad",
    "dispute_uncovered": "bad",
    "stripe_payout": "wait",
    "stripe_payout_arrived": "ok",
    "stripe_payout_failed": "bad",
    "stripe_unclassified": "bad",
    "bank_fee": "wait",
    "bank_fee_returned": "ok",
    "carrier_invoice": "wait",
}


def kind_name(kind: str) -> str:
    """What an entry is, in one or two words."""
    names: dict[str, str] = {
        "sale": _("Sale"),
        "stripe_fee": _("Payment fee"),
        "release": _("Release"),
        "refund": _("Refund"),
        "refund_failed": _("Refund came back"),
        "unwanted_payment": _("Unneeded payment"),
        "unwanted_payment_returned": _("Payment returned"),
        "payout": _("Payout"),
        "payout_settled": _("Payout paid"),
        "payout_rejected": _("Payout came back"),
        "clawback_netted": _("Set off"),
        "pledge": _("Pledge"),
        "pledge_received": _("Pledge received"),
        "allocation": _("Allocation"),
        "allocation_returned": _("Allocation returned"),
        "disbursement": _("Disbursement"),
        "disbursement_settled": _("Disbursement paid"),
        "dispute_opened": _("Dispute opened"),
        "dispute_won": _("Dispute won"),
        "dispute_recovered": _("Dispute won late"),
        "dispute_lost": _("Dispute lost"),
        "dispute_borne": _("Loss borne by the reserve"),
        "dispute_charged": _("Loss charged to the cooperative"),
        "dispute_uncovered": _("Loss borne by us"),
        "stripe_payout": _("Sent by Stripe"),
        "stripe_payout_arrived": _("Arrived from Stripe"),
        "stripe_payout_failed": _("Came back to Stripe"),
        "stripe_charged": _("Stripe's charge"),
        "stripe_unclassified": _("Unclear line of Stripe"),
        "stripe_classified": _("Unclear line explained"),
        "bank_fee": _("Bank fee"),
        "bank_fee_returned": _("Bank fee given back"),
        "carrier_invoice": _("Carrier's invoice"),
        "revaluation": _("Revaluation"),
        "reversal": _("Reversal"),
        "adjustment": _("Adjustment"),
    }
    return names.get(kind, kind)


class Booked(Protocol):
    """What of an entry says what it is about."""

    @property
    def kind(self) -> str: ...
    @property
    def idem_key(self) -> str: ...
    @property
    def ref_id(self) -> str | None: ...
    @property
    def memo(self) -> str: ...


def description(entry: Booked) -> str:
    """What happened, with its numbers. Words that a person wrote, as with a reversal, stay theirs.

    The key of an entry is its kind and the number of its parcel, refund or payment.
    """
    number, part = entry.ref_id or "", entry.idem_key.partition(":")[2]
    sentences: dict[str, str] = {
        "sale": _("Order %(number)s paid", number=number),
        "stripe_fee": _("Payment fee for order %(number)s", number=number),
        "release": _("Parcel %(part)s released", part=part),
        "refund": _("Refund %(part)s of order %(number)s", part=part, number=number),
        "refund_failed": _(
            "Refund %(part)s of order %(number)s came back", part=part, number=number
        ),
        "unwanted_payment": _("Second or late payment of order %(number)s", number=number),
        "unwanted_payment_returned": _(
            "Second or late payment of order %(number)s returned", number=number
        ),
        "pledge": _("Pledge %(number)s made", number=number),
        "pledge_received": _(
            "Money of pledge %(number)s received, bank reference %(reference)s",
            number=number,
            reference=part.partition(":")[2],
        ),
        "allocation": _("Program %(number)s approved, money set aside", number=number),
        "allocation_returned": _("Program %(number)s finished, rest returned", number=number),
        "disbursement": _("Disbursement %(part)s to program %(number)s", part=part, number=number),
        "disbursement_settled": _("Disbursement %(part)s seen on the bank statement", part=part),
        "payout": _("Payout %(number)s sent", number=number),
        "payout_settled": _("Payout %(number)s seen on the bank statement", number=number),
        "clawback_netted": _("Set off before payout %(number)s", number=number),
        "dispute_opened": _("Dispute of order %(number)s opened", number=number),
        "dispute_won": _("Dispute of order %(number)s won", number=number),
        "dispute_recovered": _("Dispute of order %(number)s won after it was lost", number=number),
        "dispute_lost": _("Dispute of order %(number)s lost, every share gives", number=number),
        "dispute_borne": _(
            "Lost dispute of order %(number)s, borne by the reserve for refunds", number=number
        ),
        "dispute_charged": _(
            "Lost dispute of order %(number)s, charged to the cooperative", number=number
        ),
        "dispute_uncovered": _("Rest of the lost dispute of order %(number)s", number=number),
        "stripe_payout": _("Stripe sent payout %(number)s to the bank", number=number),
        "stripe_payout_arrived": _(
            "Stripe's payout %(number)s seen on the bank statement", number=number
        ),
        "stripe_payout_failed": _("Stripe's payout %(number)s came back", number=number),
        "revaluation": _("Open rupiah at the rate at the end of %(month)s", month=number),
        "stripe_charged": _("Charge of Stripe, line %(part)s", part=part),
        "stripe_unclassified": _("Line %(part)s of Stripe, of an unknown kind", part=part),
        "bank_fee": _("Bank fee: %(what)s", what=entry.memo.partition(": ")[2]),
        "bank_fee_returned": _("Bank fee given back: %(what)s", what=entry.memo.partition(": ")[2]),
        "carrier_invoice": _("Carrier's invoice %(number)s paid", number=part.partition(":")[2]),
    }
    return sentences.get(entry.kind) or entry.memo


KINDS = (
    *("sale", "stripe_fee", "release", "refund", "refund_failed", "unwanted_payment"),
    *("unwanted_payment_returned", "payout", "payout_settled", "payout_rejected"),
    *("clawback_netted", "pledge", "pledge_received", "allocation", "allocation_returned"),
    *("disbursement", "disbursement_settled", "revaluation", "reversal", "adjustment"),
    *("dispute_opened", "dispute_won", "dispute_recovered", "dispute_lost", "dispute_borne"),
    *("dispute_charged", "dispute_uncovered", "stripe_payout", "stripe_payout_arrived"),
    *("stripe_payout_failed", "stripe_charged", "stripe_unclassified", "stripe_classified"),
    *("bank_fee", "bank_fee_returned", "carrier_invoice"),
)


@dataclass(frozen=True)
class _Sample:
    """An entry without its numbers, for the words that are always said of its kind."""

    kind: str
    idem_key: str = ""
    ref_id: str | None = None
    memo: str = ""


def kinds_meant(text: str) -> dict[str, list[str]]:
    """For each word of `text`, the kinds in whose name or sentence a word begins so."""
    said = {
        kind: f"{kind_name(kind)} {description(_Sample(kind))}".casefold().split() for kind in KINDS
    }
    return {
        word: [
            kind
            for kind, words in said.items()
            if any(other.startswith(word.casefold()) for other in words)
        ]
        for word in text.split()
        if len(word) > 1
    }


def account_name(path: str) -> str:
    """What an account holds. The path itself stands beside it, so unknown ones stay empty."""
    names = _names()
    if path in names:
        return names[path]
    for (start, end), name in _patterns().items():
        if path.startswith(start) and path.endswith(end):
            who = path.removeprefix(start).removesuffix(end)
            return name % {"who": cooperative_name(who) if start.endswith(":coop:") else who}
    return ""


def group_names() -> dict[str, str]:
    """Groups of accounts to narrow a journal down to, by the beginning of their paths."""
    return {
        "funds": _("All funds"),
        "funds:village": _("Village share"),
        "funds:csr": _("Company pledges"),
        "funds:program": _("Committed to programs"),
        "expenses:grants": _("Paid to programs"),
        "assets": _("All assets"),
        "liabilities": _("All liabilities"),
        "liabilities:coop": _("Owed to cooperatives"),
        "income": _("Income"),
        "expenses": _("Expenses"),
        "equity": _("Currency exchange and opening"),
    }


def class_name(letter: str) -> str:
    """The class of an account, as a heading."""
    names: dict[str, str] = {
        "A": _("Assets"),
        "L": _("Liabilities"),
        "F": _("Funds"),
        "Q": _("Equity"),
        "I": _("Income"),
        "X": _("Expenses"),
    }
    return names[letter]


def _names() -> dict[str, str]:
    return {
        "assets:bank": _("Bank, own money"),
        "assets:bank-trust": _("Bank, trust account"),
        "assets:bank-transit": _("On the way from Stripe to the bank"),
        "assets:stripe": _("With Stripe, not paid out yet"),
        "assets:stripe:unclassified": _("With Stripe, unclear"),
        "assets:disputes": _("Payments in dispute"),
        "assets:payout-transit": _("On the way to cooperatives"),
        "assets:disburse-transit": _("On the way to villages"),
        "liabilities:buyers": _("Owed back to buyers"),
        "liabilities:shipping": _("Freight to be paid"),
        "liabilities:deferred-fee": _("Service fee, waiting for delivery"),
        "liabilities:tax": _("Taxes owed"),
        "funds:village:held": _("Village share, waiting for delivery"),
        "funds:village:programs": _("Village program fund"),
        "funds:village:training": _("Training and mentoring fund"),
        "funds:village:youth": _("Youth ambassador fund"),
        "funds:refund-reserve": _("Reserve for refunds"),
        "equity:opening": _("Opening"),
        "equity:retained": _("Retained"),
        "equity:trading:idr-krw": _("Exchange of won and rupiah"),
        "income:platform-fee": _("Service fee"),
        "income:released-from-restriction": _("Released for programs"),
        "income:shipping-variance": _("Freight difference"),
        "income:dispute-recovered": _("Disputes won late"),
        "income:fx": _("Gain on exchange"),
        "expenses:stripe-fee": _("Payment fees"),
        "expenses:dispute-fee": _("Dispute fees"),
        "expenses:bank-fee": _("Bank fees"),
        "expenses:fx": _("Loss on exchange"),
        "expenses:shipping-loss": _("Freight lost"),
        "expenses:refund-cover": _("Refunds borne by us"),
    }


def _patterns() -> dict[tuple[str, str], str]:
    return {
        ("liabilities:coop:", ":held"): _("%(who)s, waiting for delivery"),
        ("liabilities:coop:", ":payable"): _("%(who)s, to be paid out"),
        ("assets:coop:", ":clawback"): _("%(who)s owes us"),
        ("assets:pledge-receivable:", ""): _("Pledge %(who)s, to come"),
        ("funds:csr:", ":pledged"): _("Pledge %(who)s, promised"),
        ("funds:csr:", ":available"): _("Pledge %(who)s, received and free"),
        ("funds:program:", ":committed"): _("Committed to program %(who)s"),
        ("expenses:grants:", ""): _("Paid to program %(who)s"),
    }
