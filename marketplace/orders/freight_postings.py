"""What carriers' invoices write into the ledger, a worked example.

Debit positive, credit negative. Rule: docs/worked-postings.csv, which the tests read.
"""

from __future__ import annotations

from datetime import datetime

from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.orders.payout_postings import BANK
from marketplace.orders.postings import SHIPPING

VARIANCE = "income:shipping-variance"


def carrier_invoice(
    carrier: str,
    invoice: str,
    line_id: int,
    collected: Money,
    paid: Money,
    *,
    name: str,
    occurred_at: datetime,
    at: datetime,
) -> NewEntry:
    """A carrier was paid for parcels whose freight buyers had paid.

    What was `collected` is owed no more; what it was too much or too little is ours.
    """
    lines = [Line(SHIPPING, collected), Line(VARIANCE, paid - collected), Line(BANK, -paid)]
    return NewEntry(
        kind="carrier_invoice",
        idem_key=f"carrier_invoice:{carrier}:{''.join(invoice.upper().split())}",
        occurred_at=occurred_at,
        effective_on=today_in_seoul(at),
        memo=f"Invoice {invoice} of {name} paid",
        lines=[line for line in lines if line.amount],
        ref_kind="bank_line",
        ref_id=str(line_id),
    )
