"""Keeping what was decided, in the transaction that decides it."""

from __future__ import annotations

from marketplace.kernel.db import db
from marketplace.kernel.ids import time_ordered_id
from marketplace.kernel.time import now
from marketplace.ledger.decisions import Facts
from marketplace.ledger.models import LedgerDecision


def keep_decision(facts: Facts, *, after: int | None = None) -> LedgerDecision:
    """Write down what was decided, for ever; the sealer takes it from there.

    `after` is the newest entry it rests on: its id is above that one's, so that no decision is
    sealed before its entries.
    """
    at = now()
    decision = LedgerDecision(
        id=max(time_ordered_id(at), (after or 0) + 1), **{"reason": "", "decided_at": at, **facts}
    )
    db.session.add(decision)
    db.session.flush()
    return decision
