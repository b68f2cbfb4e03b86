"""Changing how amounts are divided, by two people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy import select

from marketplace.kernel.db import db, exists, lock
from marketplace.ledger.decisions import facts_of_policy_proposal
from marketplace.ledger.errors import (
    NotYourPolicyProposal,
    PolicyDayTaken,
    PolicyDayWaiting,
    PolicyMissing,
    PolicyProposalDecided,
    PolicyProposalStale,
    PolicyUnchanged,
    SelfApproval,
)
from marketplace.ledger.models import SplitPolicy, SplitPolicyProposal
from marketplace.ledger.operations.decisions import keep_decision
from marketplace.ledger.operations.policies import add_policy
from marketplace.ledger.policies import check_policy, seal_policy
from marketplace.ledger.queries import policy_at
from marketplace.ledger.queries.policy_history import list_waiting_policies

log = structlog.get_logger()


def propose_policy(
    scope: str,
    parts: Mapping[str, int],
    *,
    valid_from: datetime,
    reason: str,
    by: int,
    at: datetime,
) -> SplitPolicyProposal:
    """Ask to divide `scope` by `parts` (basis points) from `valid_from` on; a second person signs.

    Raises what `check_policy` raises, PolicyDayTaken, PolicyDayWaiting, and PolicyUnchanged where
    that day is divided so already.
    """
    check_policy(scope, parts, valid_from=valid_from, reason=reason, at=at)
    _check_free(scope, valid_from)
    _check_alone(scope, valid_from)
    _check_changed(scope, parts, valid_from)
    proposal = SplitPolicyProposal(
        scope=scope, proposed_by=by, proposed_at=at, **_body(scope, parts, valid_from, reason, by)
    )
    db.session.add(proposal)
    db.session.flush()
    log.info("policy proposed", proposal=proposal.id, by=by)
    return proposal


def revise_policy(
    proposal: SplitPolicyProposal,
    parts: Mapping[str, int],
    *,
    valid_from: datetime,
    reason: str,
    by: int,
    at: datetime,
) -> None:
    """Change a proposal that waits; what was read before can no longer be signed.

    Raises NotYourPolicyProposal, PolicyProposalDecided and what `propose_policy` raises.
    """
    proposal = _lock(proposal)
    if not proposal.is_waiting:
        raise PolicyProposalDecided
    if proposal.proposed_by != by:
        raise NotYourPolicyProposal
    check_policy(proposal.scope, parts, valid_from=valid_from, reason=reason, at=at)
    _check_free(proposal.scope, valid_from)
    _check_alone(proposal.scope, valid_from, but=proposal)
    _check_changed(proposal.scope, parts, valid_from)
    for name, value in _body(proposal.scope, parts, valid_from, reason, by).items():
        setattr(proposal, name, value)
    proposal.proposed_at = at
    db.session.flush()


def approve_policy(
    proposal: SplitPolicyProposal, *, by: int, body_sha256: str, at: datetime
) -> None:
    """Sign a division as the second person, once; it holds from its instant on.

    `body_sha256` is of what was read. Raises PolicyProposalDecided, SelfApproval,
    PolicyProposalStale, PolicyNotInFuture when its day has come meanwhile, PolicyDayTaken.
    """
    proposal = _lock(proposal)
    if not proposal.is_waiting:
        raise PolicyProposalDecided
    if proposal.proposed_by == by:
        raise SelfApproval
    scope, parts = proposal.scope, proposal.parts
    valid_from, reason = proposal.valid_from, proposal.reason
    seal = seal_policy(
        scope, parts, valid_from=valid_from, reason=reason, proposed_by=proposal.proposed_by
    )
    if not proposal.body_sha256 == body_sha256 == seal:
        raise PolicyProposalStale
    check_policy(scope, parts, valid_from=valid_from, reason=reason, at=at)
    _check_free(scope, valid_from)
    policy = add_policy(
        scope, parts, valid_from=valid_from, proposed_by=proposal.proposed_by, approved_by=by
    )
    proposal.policy_id = policy.id
    proposal.approved_by = by
    proposal.approved_at = at
    db.session.flush()
    keep_decision(facts_of_policy_proposal(proposal))
    log.info("policy approved", proposal=proposal.id, policy=policy.id, by=by)


def withdraw_policy(proposal: SplitPolicyProposal, *, by: int, at: datetime) -> None:
    """Take back a proposal that waits; anybody of the staff may. Raises PolicyProposalDecided."""
    proposal = _lock(proposal)
    if proposal.withdrawn_by is not None:
        return
    if proposal.approved_by is not None:
        raise PolicyProposalDecided
    proposal.withdrawn_by = by
    proposal.withdrawn_at = at
    db.session.flush()
    keep_decision(facts_of_policy_proposal(proposal))


def _lock(proposal: SplitPolicyProposal) -> SplitPolicyProposal:
    """The proposal, after all of its scope are held: two for one day cannot be signed at once."""
    db.session.execute(
        select(SplitPolicyProposal.id)
        .where(SplitPolicyProposal.scope == proposal.scope)
        .order_by(SplitPolicyProposal.id)
        .with_for_update()
    ).all()
    return lock(SplitPolicyProposal, proposal.id)


def _check_free(scope: str, valid_from: datetime) -> None:
    if exists(
        select(SplitPolicy.id).where(
            SplitPolicy.scope == scope, SplitPolicy.valid_from == valid_from
        )
    ):
        raise PolicyDayTaken


def _check_alone(
    scope: str, valid_from: datetime, *, but: SplitPolicyProposal | None = None
) -> None:
    waiting = [
        proposal
        for proposal in list_waiting_policies()
        if (proposal.scope, proposal.valid_from) == (scope, valid_from) and proposal is not but
    ]
    if waiting:
        raise PolicyDayWaiting


def _check_changed(scope: str, parts: Mapping[str, int], valid_from: datetime) -> None:
    try:
        before = policy_at(scope, valid_from)
    except PolicyMissing:
        return
    if before.parts == dict(parts):
        raise PolicyUnchanged


def _body(
    scope: str, parts: Mapping[str, int], valid_from: datetime, reason: str, by: int
) -> dict[str, object]:
    # In UTC, as it is read back from either engine, so that the seal is the same later.
    valid_from, reason = valid_from.astimezone(UTC), reason.strip()
    return {
        "parts": dict(parts),
        "valid_from": valid_from,
        "reason": reason,
        "body_sha256": seal_policy(
            scope, parts, valid_from=valid_from, reason=reason, proposed_by=by
        ),
    }
