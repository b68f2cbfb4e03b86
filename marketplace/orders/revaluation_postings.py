"""What the end of a month writes into the ledger for rupiah that are still owed.

Debit positive, credit negative. Rule: docs/worked-postings.csv, which the tests read.
"""

from __future__ import annotations

from datetime import date, datetime

from marketplace.kernel.money import Money
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.orders.payout_postings import Signers, exchange
from marketplace.orders.postings import TRADING


def revaluation(
    ends_on: date, lost: Money, *, time: int = 1, signers: Signers, at: datetime
) -> NewEntry:
    """The rupiah owed on a month's last day would cost `lost` won more than they stand for.

    `time` counts how often the month was soft-closed with something to book. Nothing is paid, so
    the first day of the next month takes it back. Rule: IAS 21, closing rate of monetary items
    """
    month = f"{ends_on:%Y-%m}"
    proposed_by, approved_by = signers
    return NewEntry(
        kind="revaluation",
        idem_key=f"revaluation:{month}:{time}",
        occurred_at=at,
        effective_on=ends_on,
        memo=f"Open rupiah at the rate at the end of {month}",
        lines=[exchange(lost), Line(TRADING, -lost)],
        ref_kind="month",
        ref_id=month,
        proposed_by=proposed_by,
        approved_by=approved_by,
    )
