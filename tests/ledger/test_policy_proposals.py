from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.db import db
from marketplace.ledger.errors import (
    NotWhole,
    NotYourPolicyProposal,
    PolicyDayTaken,
    PolicyDayWaiting,
    PolicyNotInFuture,
    PolicyPartsWrong,
    PolicyProposalDecided,
    PolicyProposalStale,
    PolicyReasonMissing,
    PolicyScopeUnknown,
    PolicyTooFar,
    PolicyUnchanged,
    SelfApproval,
)
from marketplace.ledger.models import SplitPolicy
from marketplace.ledger.operations import (
    approve_policy,
    propose_policy,
    revise_policy,
    set_policy,
    withdraw_policy,
)
from marketplace.ledger.queries import policy_at
from marketplace.ledger.queries.policy_history import list_policies, list_waiting_policies
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("database")

SALE = {"cooperative": 9_200, "service": 500, "village_share": 300}
LATER = {"cooperative": 9_100, "service": 500, "village_share": 400}
MAY = datetime(2026, 4, 30, 15, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def a_proposal(parts=LATER, *, scope="sale", valid_from=MAY, reason="The council voted", at=NOON):
    return propose_policy(scope, parts, valid_from=valid_from, reason=reason, by=1, at=at)


def approved(proposal, *, by=2, at=NOON):
    approve_policy(proposal, by=by, body_sha256=proposal.body_sha256, at=at)
    return proposal


def test_two_signatures_make_a_division_that_holds_from_its_instant():
    opening = set_policy("sale", SALE, valid_from=NOON)

    proposal = a_proposal()
    assert policy_at("sale", MAY) == opening
    approved(proposal)

    policy = policy_at("sale", MAY)
    assert (policy.parts, policy.proposed_by, policy.approved_by) == (LATER, 1, 2)
    assert policy_at("sale", MAY - INSTANT) == opening
    assert list_waiting_policies() == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "tips"}, PolicyScopeUnknown),
        ({"parts": SALE | {"service": 501}}, NotWhole),
        ({"parts": {"cooperative": 9_700, "village_share": 300}}, PolicyPartsWrong),
        ({"parts": SALE | {"service": -500, "cooperative": 10_200}}, PolicyPartsWrong),
        ({"valid_from": NOON}, PolicyNotInFuture),
        ({"valid_from": datetime(2026, 4, 18, 14, 59, tzinfo=UTC)}, PolicyNotInFuture),
        ({"valid_from": NOON + timedelta(days=732)}, PolicyTooFar),
        ({"reason": "  "}, PolicyReasonMissing),
    ],
)
def test_a_division_that_breaks_a_rule_is_not_proposed(changes, error):
    with pytest.raises(error):
        a_proposal(**changes)

    assert list_waiting_policies() == []


def test_nobody_signs_their_own_division():
    proposal = a_proposal()

    with pytest.raises(SelfApproval):
        approved(proposal, by=1)

    assert db.session.query(SplitPolicy).count() == 0


def test_what_was_changed_after_it_was_read_is_not_signed():
    proposal = a_proposal()
    read = proposal.body_sha256
    revise_policy(proposal, SALE, valid_from=MAY, reason="Counted again", by=1, at=NOON)

    with pytest.raises(PolicyProposalStale):
        approve_policy(proposal, by=2, body_sha256=read, at=NOON)
    assert db.session.query(SplitPolicy).count() == 0

    approved(proposal)
    assert policy_at("sale", MAY).parts == SALE


def test_what_was_changed_behind_our_back_is_not_signed():
    proposal = a_proposal()
    proposal.parts = SALE
    db.session.flush()

    with pytest.raises(PolicyProposalStale):
        approved(proposal)


def test_a_division_whose_day_has_come_is_not_signed():
    proposal = a_proposal()

    with pytest.raises(PolicyNotInFuture):
        approved(proposal, at=MAY)


def test_only_its_writer_changes_a_proposal():
    proposal = a_proposal()

    with pytest.raises(NotYourPolicyProposal):
        revise_policy(proposal, SALE, valid_from=MAY, reason="Mine", by=2, at=NOON)


def test_a_decided_proposal_stays():
    signed, dropped = approved(a_proposal()), a_proposal(SALE, valid_from=MAY + timedelta(days=1))
    withdraw_policy(dropped, by=2, at=NOON)

    with pytest.raises(PolicyProposalDecided):
        withdraw_policy(signed, by=1, at=NOON)
    with pytest.raises(PolicyProposalDecided):
        revise_policy(signed, SALE, valid_from=MAY, reason="Again", by=1, at=NOON)
    with pytest.raises(PolicyProposalDecided):
        approved(dropped)
    for statement in (
        "UPDATE split_policy_proposals SET reason = 'other'",
        "DELETE FROM split_policy_proposals",
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(sa.text(statement))


def test_the_same_signature_again_is_refused():
    proposal = approved(a_proposal())

    with pytest.raises(PolicyProposalDecided):
        approved(proposal)

    assert db.session.query(SplitPolicy).count() == 1


def test_of_two_divisions_for_one_day_the_second_is_refused():
    first, second = a_proposal(), a_proposal(SALE, valid_from=MAY + timedelta(days=1))

    with pytest.raises(PolicyDayWaiting):
        a_proposal(SALE)
    with pytest.raises(PolicyDayWaiting):
        revise_policy(second, SALE, valid_from=MAY, reason="Earlier", by=1, at=NOON)
    revise_policy(first, LATER, valid_from=MAY, reason="In better words", by=1, at=NOON)

    approved(first)
    with pytest.raises(PolicyDayTaken):
        a_proposal(SALE)


def test_a_day_is_free_again_when_its_proposal_is_withdrawn():
    withdraw_policy(a_proposal(), by=2, at=NOON)

    assert a_proposal(SALE).is_waiting


def test_a_division_that_changes_nothing_is_not_proposed():
    set_policy("sale", SALE, valid_from=NOON)
    with pytest.raises(PolicyUnchanged):
        a_proposal(SALE)
    approved(a_proposal(LATER))

    assert a_proposal(SALE, valid_from=MAY + timedelta(days=1)).is_waiting
    with pytest.raises(PolicyUnchanged):
        a_proposal(LATER, valid_from=MAY + timedelta(days=2))


def test_the_history_says_who_changed_what_and_when():
    opening = set_policy("sale", SALE, valid_from=NOON)
    proposal = approved(a_proposal())

    newest, oldest = list_policies("sale")

    assert (newest.proposal, newest.ends_at, newest.proposal.reason) == (
        proposal,
        None,
        "The council voted",
    )
    assert (oldest.policy, oldest.proposal, oldest.ends_at) == (opening, None, MAY)
    assert oldest.is_in_force(MAY - INSTANT)
    assert not oldest.is_in_force(MAY)
