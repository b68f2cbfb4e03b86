"""Showing at the end of a month what its open rupiah would cost."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import structlog

from marketplace.ledger.operations import post, reverse
from marketplace.orders.payout_postings import Signers
from marketplace.orders.queries.revaluation import find_revaluation, revaluations_of
from marketplace.orders.revaluation_postings import revaluation

log = structlog.get_logger()


def revalue_month(ends_on: date, signers: Signers, at: datetime, *, oldest_days: int) -> None:
    """Book what open rupiah would lose or gain on the month's last day, and back on the next.

    Nothing where none are open or their won fit. A month that was opened again and changed gets
    the difference. Raises RateMissing and RateTooOld (older than `oldest_days`), PeriodSoftClosed
    and PeriodClosed where the next month takes nothing; then nothing is written.
    """
    open_rupiah = find_revaluation(ends_on, oldest_days=oldest_days)
    if open_rupiah is None or not open_rupiah.lost:
        return
    month = f"{ends_on:%Y-%m}"
    times = len(revaluations_of([month])[month])
    entry = revaluation(ends_on, open_rupiah.lost, time=times + 1, signers=signers, at=at)
    proposed_by, approved_by = signers
    entry_id = post(entry)
    reverse(
        entry_id,
        occurred_at=at,
        effective_on=ends_on + timedelta(days=1),
        memo=f"{entry.memo}, taken back",
        proposed_by=proposed_by,
        approved_by=approved_by,
    )
    log.info("month revalued", month=month, entry=entry_id)
