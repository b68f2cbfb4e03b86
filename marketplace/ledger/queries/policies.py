"""How amounts are divided, and since when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from marketplace.kernel.db import db
from marketplace.ledger.errors import PolicyMissing
from marketplace.ledger.models import SplitPolicy

_NEWEST = (
    select(SplitPolicy)
    .where(SplitPolicy.scope == bindparam("division"), SplitPolicy.valid_from <= bindparam("at"))
    .order_by(SplitPolicy.valid_from.desc())
    .limit(1)
)


def policy_at(scope: str, at: datetime) -> SplitPolicy:
    """The division of `scope` in force at `at`. Raises PolicyMissing before the first."""
    policy = db.session.scalar(_NEWEST, {"division": scope, "at": at})
    if policy is None:
        raise PolicyMissing(scope=scope)
    return policy
