"""What people decided in the books, and what of it goes into the sealed log.

A decision's leaf is JSON as an entry's is (`leaves.py`). Rule: docs/adr/0012-sealed-decisions.md
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from marketplace.kernel.time import in_utc
from marketplace.ledger.leaves import canonical, instant
from marketplace.ledger.models import (
    LedgerEntryProposal,
    LedgerPeriodChange,
    SplitPolicy,
    SplitPolicyProposal,
)

FORMAT = "1"

Facts = Mapping[str, Any]
"""Columns of a decision, by name."""


class DecisionKind(StrEnum):
    """What was decided about: how amounts are divided, a month, an entry written by hand."""

    POLICY = "policy"
    PERIOD = "period"
    ENTRY = "entry"


class Outcome(StrEnum):
    """Signed by a second person, taken back, or what the books were opened with."""

    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
    OPENING = "opening"


class Decided(NamedTuple):
    """A decision column by column."""

    id: int
    kind: str
    outcome: str
    body: str
    reason: str
    proposal_sha256: str | None
    proposed_by: int | None
    proposed_at: datetime | None
    decided_by: int | None
    decided_at: datetime


def written_decision(decided: Decided, *, salt: bytes) -> bytes:
    """The bytes of a decision's leaf.

    Its reason and its people are there as salted hashes only. Two people are two hashes, so that
    a stranger sees that they are two.
    """
    private = canonical(
        {
            "decided_by": _number(decided.decided_by),
            "proposal_sha256": decided.proposal_sha256,
            "proposed_by": _number(decided.proposed_by),
            "reason": decided.reason,
        }
    )
    facts = {
        "decided_at": instant(decided.decided_at),
        "decided_by": _person(decided.decided_by, salt),
        "id": str(decided.id),
        "kind": decided.kind,
        "outcome": decided.outcome,
        "private": sha256(salt + private).hexdigest(),
        "proposed_at": decided.proposed_at and instant(decided.proposed_at),
        "proposed_by": _person(decided.proposed_by, salt),
        "type": "decision",
        "v": FORMAT,
    }
    # The body as it was written down, not as a parser understands it; its name comes first.
    return f'{{"body":{decided.body},'.encode() + canonical(facts)[1:]


def facts_of_policy(policy: SplitPolicy) -> Facts:
    """What a division that holds says of its decision."""
    is_signed = None not in {policy.approved_by, policy.proposed_by}
    return {
        "subject": f"policy:{policy.id}",
        "kind": DecisionKind.POLICY,
        "outcome": Outcome.SIGNED if is_signed else Outcome.OPENING,
        "body": policy_body(policy.id, policy.scope, policy.parts, policy.valid_from),
        "proposed_by": policy.proposed_by,
        "decided_by": policy.approved_by,
    }


def facts_of_policy_proposal(proposal: SplitPolicyProposal) -> Facts:
    """What a decided proposal of a division says of its decision."""
    if proposal.approved_by is None or proposal.policy_id is None:
        return _withdrawn("policy_proposal", DecisionKind.POLICY, proposal)
    body = policy_body(proposal.policy_id, proposal.scope, proposal.parts, proposal.valid_from)
    return _signed(f"policy:{proposal.policy_id}", DecisionKind.POLICY, proposal, body)


def facts_of_period_change(change: LedgerPeriodChange) -> Facts:
    """What a decided change of a month says of its decision."""
    body = _text(
        {
            "entries": _number(change.entry_count),
            "from": change.from_state,
            "last_entry": _number(change.last_entry_id),
            "month": f"{change.starts_on:%Y-%m}",
            "to": change.to_state,
        }
    )
    if change.approved_by is None:
        return _withdrawn("period_change", DecisionKind.PERIOD, change, body)
    return _signed(f"period_change:{change.id}", DecisionKind.PERIOD, change, body)


def facts_of_entry_proposal(proposal: LedgerEntryProposal) -> Facts:
    """What a decided proposal of an entry says of its decision."""
    if proposal.approved_by is None:
        return _withdrawn("entry_proposal", DecisionKind.ENTRY, proposal)
    body = _text(
        {
            "entry": _number(proposal.entry_id),
            "kind": proposal.kind,
            "reverses": _number(proposal.reverses_id),
        }
    )
    return _signed(f"entry_proposal:{proposal.id}", DecisionKind.ENTRY, proposal, body)


def policy_body(policy_id: int, scope: str, parts: Mapping[str, int], valid_from: datetime) -> str:
    """A division as its leaf has it; entries name it by its id."""
    return _text(
        {
            "parts": {name: str(part) for name, part in parts.items()},
            "policy": str(policy_id),
            "scope": scope,
            "valid_from": instant(in_utc(valid_from)),
        }
    )


def _signed(
    subject: str,
    kind: DecisionKind,
    proposal: SplitPolicyProposal | LedgerPeriodChange | LedgerEntryProposal,
    body: str,
) -> Facts:
    return {
        "subject": subject,
        "kind": kind,
        "outcome": Outcome.SIGNED,
        "body": body,
        **_proposed(proposal),
        "decided_by": proposal.approved_by,
        "decided_at": proposal.approved_at,
    }


def _withdrawn(
    name: str,
    kind: DecisionKind,
    proposal: SplitPolicyProposal | LedgerPeriodChange | LedgerEntryProposal,
    body: str = "{}",
) -> Facts:
    """What never came to be is not published: a hash of it is among what is private."""
    return {
        "subject": f"{name}:{proposal.id}",
        "kind": kind,
        "outcome": Outcome.WITHDRAWN,
        "body": body,
        **_proposed(proposal),
        "decided_by": proposal.withdrawn_by,
        "decided_at": proposal.withdrawn_at,
    }


def _proposed(
    proposal: SplitPolicyProposal | LedgerPeriodChange | LedgerEntryProposal,
) -> dict[str, Any]:
    return {
        "reason": proposal.reason,
        "proposal_sha256": getattr(proposal, "body_sha256", None),
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
    }


def _person(user_id: int | None, salt: bytes) -> str | None:
    return None if user_id is None else sha256(salt + str(user_id).encode()).hexdigest()


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _text(body: dict[str, Any]) -> str:
    return canonical(body).decode()
