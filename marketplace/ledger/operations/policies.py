"""Deciding how amounts are divided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.ledger.decisions import facts_of_policy
from marketplace.ledger.errors import IdempotencyConflict, NotWhole, SelfApproval
from marketplace.ledger.models import SplitPolicy
from marketplace.ledger.operations.decisions import keep_decision
from marketplace.ledger.policies import WHOLE


def set_policy(
    scope: str,
    parts: Mapping[str, int],
    *,
    valid_from: datetime,
    proposed_by: int | None = None,
    approved_by: int | None = None,
) -> SplitPolicy:
    """Divide `scope` by `parts` (basis points) from `valid_from` on. Repeating is safe.

    The decision is kept with it. Raises NotWhole, SelfApproval, and IdempotencyConflict where
    another division already begins at that instant.
    """
    if sum(parts.values()) != WHOLE or min(parts.values()) < 0:
        raise NotWhole(percent=f"{sum(parts.values()) / 100:g}")
    if approved_by is not None and approved_by == proposed_by:
        raise SelfApproval
    policy = db.session.scalar(
        select(SplitPolicy).where(SplitPolicy.scope == scope, SplitPolicy.valid_from == valid_from)
    )
    if policy is None:
        policy = add_policy(
            scope, parts, valid_from=valid_from, proposed_by=proposed_by, approved_by=approved_by
        )
        keep_decision(facts_of_policy(policy))
    elif policy.parts != dict(parts):
        raise IdempotencyConflict(key=f"{scope} {valid_from.isoformat()}")
    return policy


def add_policy(
    scope: str,
    parts: Mapping[str, int],
    *,
    valid_from: datetime,
    proposed_by: int | None,
    approved_by: int | None,
) -> SplitPolicy:
    """Write a division; whoever calls keeps its decision."""
    policy = SplitPolicy(
        scope=scope,
        parts=dict(parts),
        valid_from=valid_from,
        proposed_by=proposed_by,
        approved_by=approved_by,
    )
    db.session.add(policy)
    db.session.flush()
    return policy
