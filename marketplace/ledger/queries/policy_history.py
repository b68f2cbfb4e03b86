"""Who changed a division, when, and what waits for a second signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.ledger.errors import PolicyProposalNotFound
from marketplace.ledger.models import SplitPolicy, SplitPolicyProposal


@dataclass(frozen=True, slots=True)
class PolicyFact:
    """A division with the proposal it came from; the one that opened the books has none."""

    policy: SplitPolicy
    proposal: SplitPolicyProposal | None
    ends_at: datetime | None

    def is_in_force(self, at: datetime) -> bool:
        return self.policy.valid_from <= at and (self.ends_at is None or at < self.ends_at)


def list_policies(scope: str) -> list[PolicyFact]:
    """Every division of `scope`, newest first; each ends where the next begins."""
    rows = db.session.execute(
        select(SplitPolicy, SplitPolicyProposal)
        .outerjoin(SplitPolicyProposal, SplitPolicyProposal.policy_id == SplitPolicy.id)
        .where(SplitPolicy.scope == scope)
        .order_by(SplitPolicy.valid_from.desc())
    ).all()
    ends: list[datetime | None] = [None, *(policy.valid_from for policy, _ in rows)]
    return [
        PolicyFact(policy, proposal, end)
        for (policy, proposal), end in zip(rows, ends, strict=False)
    ]


def list_waiting_policies() -> Sequence[SplitPolicyProposal]:
    """Proposals that nobody has decided on, oldest first."""
    return db.session.scalars(
        select(SplitPolicyProposal)
        .where(
            SplitPolicyProposal.approved_by.is_(None), SplitPolicyProposal.withdrawn_by.is_(None)
        )
        .order_by(SplitPolicyProposal.id)
    ).all()


def get_policy_proposal(proposal_id: int) -> SplitPolicyProposal:
    """Raises PolicyProposalNotFound."""
    proposal = db.session.get(SplitPolicyProposal, proposal_id)
    if proposal is None:
        raise PolicyProposalNotFound
    return proposal
