"""What people decided in the books, as everybody may see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.time import SEOUL
from marketplace.ledger.models import LedgerDecision
from marketplace.ledger.queries.entries import decision_number


@dataclass(frozen=True, slots=True)
class PublicDecision:
    """A decision without its reason and its people. `body` is what its leaf has."""

    number: str
    kind: str
    outcome: str
    decided_at: datetime
    body: dict[str, Any]


def public_decision(row: LedgerDecision) -> PublicDecision:
    return PublicDecision(
        decision_number(row.id), row.kind, row.outcome, row.decided_at, json.loads(row.body)
    )


def list_decisions(*, since: date, until: date) -> Iterator[PublicDecision]:
    """What was decided from one day of the books to another, the first one first."""
    rows = db.session.scalars(
        select(LedgerDecision)
        .where(
            LedgerDecision.decided_at >= _midnight(since),
            LedgerDecision.decided_at < _midnight(until + timedelta(days=1)),
        )
        .order_by(LedgerDecision.decided_at, LedgerDecision.id)
    )
    return map(public_decision, rows)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SEOUL)
