"""Whether what holds is what was decided: each decision against the rows it left.

That a decision is what was sealed is looked up with the seals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.decisions import (
    DecisionKind,
    Facts,
    facts_of_entry_proposal,
    facts_of_period_change,
    facts_of_policy,
    facts_of_policy_proposal,
)
from marketplace.ledger.hooks import Breach, Finding
from marketplace.ledger.models import (
    LedgerDecision,
    LedgerEntryProposal,
    LedgerPeriod,
    LedgerPeriodChange,
    PeriodState,
    SplitPolicy,
    SplitPolicyProposal,
)
from marketplace.ledger.queries.entries import decision_number, entry_number

# What is said of a row whose decision is not there, and of one that differs from its decision.
SAID = {
    DecisionKind.POLICY: (
        N_("Nobody decided the division “%(subject)s”."),
        N_("The division “%(subject)s” is not what was decided (%(number)s)."),
    ),
    DecisionKind.PERIOD: (
        N_("Nobody decided the change of a month “%(subject)s”."),
        N_("The change of a month “%(subject)s” is not what was decided (%(number)s)."),
    ),
    DecisionKind.ENTRY: (
        N_("Nobody decided the entry by hand “%(subject)s”."),
        N_("The entry by hand “%(subject)s” is not what was decided (%(number)s)."),
    ),
}


def check_decisions(at: datetime) -> Finding:
    """Whether every row that was decided has its decision, says the same, and is still there."""
    decisions = {row.subject: row for row in db.session.scalars(select(LedgerDecision))}
    left, breaches = dict(decisions), {}
    for facts in _decided_rows():
        subject = facts["subject"]
        left.pop(subject, None)
        for breach in _compare(facts, decisions.get(subject)):
            breaches[subject] = breach
    for subject, decision in left.items():
        facts = {"subject": subject, "number": decision_number(decision.id)}
        message = N_("What was decided is not there any more: “%(subject)s” (%(number)s).")
        breaches[subject] = Breach(message, facts)
    return Finding(len(decisions), [*breaches.values(), *_check_states()])


def _decided_rows() -> Iterator[Facts]:
    for policy in db.session.scalars(select(SplitPolicy)):
        yield facts_of_policy(policy)
    for proposal in db.session.scalars(select(SplitPolicyProposal)):
        if not proposal.is_waiting:
            yield facts_of_policy_proposal(proposal)
    for change in db.session.scalars(select(LedgerPeriodChange)):
        if not change.is_waiting:
            yield facts_of_period_change(change)
    for written in db.session.scalars(select(LedgerEntryProposal)):
        if not written.is_waiting:
            yield facts_of_entry_proposal(written)


def _compare(facts: Facts, decision: LedgerDecision | None) -> Iterator[Breach]:
    missing, different = SAID[facts["kind"]]
    subject = _name(facts)
    if decision is None:
        yield Breach(missing, {"subject": subject})
    elif any(getattr(decision, name) != value for name, value in facts.items()):
        number = decision_number(decision.id)
        yield Breach(different, {"subject": subject, "number": number})


def _name(facts: Facts) -> str:
    """What people call it, where it came to be."""
    body = json.loads(facts["body"])
    if "scope" in body:
        begin = today_in_seoul(datetime.fromisoformat(body["valid_from"]))
        return f"{body['scope']} {begin.isoformat()}"
    if "entry" in body:
        return entry_number(int(body["entry"]))
    return str(body.get("month", facts["subject"]))


def _check_states() -> Iterator[Breach]:
    """Months whose state is not what was signed last; those that nobody closed are named by I15."""
    signed = {
        change.starts_on: change.to_state
        for change in db.session.scalars(
            select(LedgerPeriodChange)
            .where(LedgerPeriodChange.approved_by.is_not(None))
            .order_by(LedgerPeriodChange.id)
        )
    }
    for period in db.session.scalars(select(LedgerPeriod).order_by(LedgerPeriod.starts_on)):
        state = signed.get(period.starts_on, PeriodState.OPEN)
        is_signed = period.starts_on in signed or period.state is not PeriodState.CLOSED
        if is_signed and period.state is not state:
            yield Breach(
                N_("The state of %(month)s is not the one that was signed last."),
                {"month": f"{period.starts_on:%Y-%m}"},
            )
