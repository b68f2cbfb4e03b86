"""What the mirror of Stripe and bank statements write into the ledger.

Debit positive, credit negative. Rule: docs/worked-postings.csv, which the tests read.
"""

from __future__ import annotations

from datetime import datetime

from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry

STRIPE = "assets:stripe"
UNCLASSIFIED = "assets:stripe:unclassified"
TRANSIT = "assets:bank-transit"
STRIPE_FEE = "expenses:stripe-fee"
BANK_FEE = "expenses:bank-fee"
LOSS = "expenses:fx"
GAIN = "income:fx"


def stripe_payout(
    payout_id: str, amount: Money, *, occurred_at: datetime, at: datetime
) -> NewEntry:
    """Stripe sent money to our bank; until the bank shows it, it is on the way."""
    return _entry(
        "stripe_payout",
        payout_id,
        f"Stripe sent payout {payout_id}",
        [Line(TRANSIT, amount), Line(STRIPE, -amount)],
        occurred_at,
        at,
    )


def stripe_payout_failed(
    payout_id: str, amount: Money, *, occurred_at: datetime, at: datetime
) -> NewEntry:
    """The bank did not take it: the money is with Stripe again."""
    return _entry(
        "stripe_payout_failed",
        payout_id,
        f"Stripe's payout {payout_id} came back",
        [Line(STRIPE, amount), Line(TRANSIT, -amount)],
        occurred_at,
        at,
    )


def stripe_payout_arrived(
    payout_id: str,
    bank: str,
    sent: Money,
    came: Money,
    reference: str,
    *,
    by: int,
    occurred_at: datetime,
    at: datetime,
) -> NewEntry:
    """The bank's line was seen. What `came` differs from what was `sent` is an exchange result."""
    lost = sent - came
    return _entry(
        "stripe_payout_arrived",
        payout_id,
        f"Stripe's payout {payout_id} arrived, bank reference {reference}",
        [Line(bank, came), Line(LOSS if lost > won(0) else GAIN, lost), Line(TRANSIT, -sent)],
        occurred_at,
        at,
        by=by,
    )


def stripe_charged(line_id: str, fee: Money, *, occurred_at: datetime, at: datetime) -> NewEntry:
    """Stripe charged something of its own, that belongs to no payment."""
    return _entry(
        "stripe_charged",
        line_id,
        f"Stripe's charge {line_id}",
        [Line(STRIPE_FEE, fee), Line(STRIPE, -fee)],
        occurred_at,
        at,
        ref="stripe_line",
    )


def stripe_unclassified(
    line_id: str, category: str, net: Money, *, occurred_at: datetime, at: datetime
) -> NewEntry:
    """Stripe moved our money for a reason we do not know: a person has to say what it is."""
    return _entry(
        "stripe_unclassified",
        line_id,
        f"Stripe's line {line_id} of an unknown kind, {category}",
        [Line(STRIPE, net), Line(UNCLASSIFIED, -net)],
        occurred_at,
        at,
        ref="stripe_line",
    )


def stripe_classified(
    line_id: str, path: str, net: Money, reason: str, *, by: int, at: datetime
) -> NewEntry:
    """A person said what an unknown line was, and why."""
    return _entry(
        "stripe_classified",
        line_id,
        f"Stripe's line {line_id}: {reason}",
        [Line(UNCLASSIFIED, net), Line(path, -net)],
        at,
        at,
        by=by,
        ref="stripe_line",
    )


def bank_fee(
    line_id: int, bank: str, fee: Money, what: str, *, occurred_at: datetime, at: datetime
) -> NewEntry:
    """A bank took a fee out of one of our accounts; it is ours to bear, whichever account."""
    return _entry(
        "bank_fee",
        str(line_id),
        f"Bank fee: {what}",
        [Line(BANK_FEE, fee), Line(bank, -fee)],
        occurred_at,
        at,
        ref="bank_line",
    )


def bank_fee_returned(
    line_id: int, bank: str, fee: Money, what: str, *, occurred_at: datetime, at: datetime
) -> NewEntry:
    """A bank gave a fee back."""
    return _entry(
        "bank_fee_returned",
        str(line_id),
        f"Bank fee given back: {what}",
        [Line(bank, fee), Line(BANK_FEE, -fee)],
        occurred_at,
        at,
        ref="bank_line",
    )


def _entry(
    kind: str,
    about: str,
    memo: str,
    lines: list[Line],
    occurred_at: datetime,
    at: datetime,
    *,
    by: int | None = None,
    ref: str = "stripe_payout",
) -> NewEntry:
    """The draft, without lines of zero. It counts for the day it is posted."""
    return NewEntry(
        kind=kind,
        idem_key=f"{kind}:{about}",
        occurred_at=occurred_at,
        effective_on=today_in_seoul(at),
        memo=memo,
        lines=[line for line in lines if line.amount],
        ref_kind=ref,
        ref_id=about,
        proposed_by=by,
    )
