"""How amounts are divided, and since when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.ledger.errors import PolicyMissing
from marketplace.ledger.models import SplitPolicy


def policy_at(scope: str, at: datetime) -> SplitPolicy:
    """The division of `scope` in force at `at`. Raises PolicyMissing before the first."""
    policy = db.session.scalar(
        select(SplitPolicy)
        .where(SplitPolicy.scope == scope, SplitPolicy.valid_from <= at)
        .order_by(SplitPolicy.valid_from.desc())
        .limit(1)
    )
    if policy is None:
        raise PolicyMissing(scope=scope)
    return policy
