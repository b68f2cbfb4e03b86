"""What payouts write into the ledger: one function per kind of entry, each a worked example.

Debit positive, credit negative. Rule: docs/worked-postings.csv, which the tests read.
"""

from __future__ import annotations

from datetime import datetime

from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.orders.postings import TRADING, clawback_of, payable_to

TRANSIT = "assets:payout-transit"
BANK = "assets:bank"
BANK_FEE = "expenses:bank-fee"
LOSS = "expenses:fx"
GAIN = "income:fx"

Signers = tuple[int, int]


def clawback_netted(
    payout_number: str,
    slug: str,
    netted: Money,
    *,
    book: Money,
    clawback_book: Money,
    signers: Signers,
    at: datetime,
) -> NewEntry:
    """What the cooperative owed us is set off against what we owe it, before it is paid.

    `book` and `clawback_book` are the won behind both sides; their difference is an exchange
    result, and leaves the pair of currencies as if neither had been.
    """
    return _entry(
        "clawback_netted",
        payout_number,
        f"Set off against payout {payout_number}",
        [
            Line(payable_to(slug), netted),
            Line(clawback_of(slug), -netted),
            Line(TRADING, book - clawback_book),
            exchange(clawback_book - book),
        ],
        signers=signers,
        at=at,
    )


def payout_sent(
    payout_number: str, slug: str, amount: Money, *, signers: Signers, at: datetime
) -> NewEntry:
    """Two people have released the payout: the bank is told to pay."""
    return _entry(
        "payout",
        payout_number,
        f"Payout {payout_number} sent",
        [Line(payable_to(slug), amount), Line(TRANSIT, -amount)],
        signers=signers,
        at=at,
    )


def payout_settled(
    payout_number: str,
    amount: Money,
    *,
    book: Money,
    paid: Money,
    fee: Money,
    reference: str,
    signers: Signers,
    occurred_at: datetime,
    at: datetime,
) -> NewEntry:
    """The bank's line was seen: `paid` won left us for rupiah that stood for `book` won."""
    return _entry(
        "payout_settled",
        payout_number,
        f"Payout {payout_number} paid, bank reference {reference}",
        [
            Line(TRANSIT, amount),
            Line(TRADING, -amount),
            Line(TRADING, book),
            exchange(paid - book),
            Line(BANK_FEE, fee),
            Line(BANK, -paid - fee),
        ],
        signers=signers,
        occurred_at=occurred_at,
        at=at,
    )


def payout_rejected(
    payout_number: str,
    slug: str,
    amount: Money,
    reason: str,
    *,
    reverses: int,
    signers: Signers,
    at: datetime,
) -> NewEntry:
    """The bank did not pay: the reversal of what was sent, so that it is payable again."""
    return _entry(
        "payout_rejected",
        payout_number,
        f"Payout {payout_number} rejected by the bank: {reason}",
        [Line(payable_to(slug), -amount), Line(TRANSIT, amount)],
        signers=signers,
        reverses=reverses,
        at=at,
    )


def exchange(lost: Money) -> Line:
    """What an exchange lost is an expense; a gain (a negative loss) is income."""
    return Line(LOSS if lost > won(0) else GAIN, lost)


def _entry(
    kind: str,
    payout_number: str,
    memo: str,
    lines: list[Line],
    *,
    signers: Signers,
    at: datetime,
    occurred_at: datetime | None = None,
    reverses: int | None = None,
) -> NewEntry:
    """The draft, without lines of zero. It counts for the day it is posted."""
    proposed_by, approved_by = signers
    return NewEntry(
        kind=kind,
        idem_key=f"{kind}:{payout_number}",
        occurred_at=occurred_at or at,
        effective_on=today_in_seoul(at),
        memo=memo,
        lines=[line for line in lines if line.amount],
        ref_kind="payout",
        ref_id=payout_number,
        proposed_by=proposed_by,
        approved_by=approved_by,
        reverses_id=reverses,
    )
