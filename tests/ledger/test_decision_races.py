"""Signatures and entries that come at the same instant, with real commits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Event
from time import sleep

import pytest

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import won
from marketplace.ledger import hooks
from marketplace.ledger.drafts import Line
from marketplace.ledger.errors import (
    EntryProposalDecided,
    PeriodChangeDecided,
    PeriodClosed,
    PolicyDayTaken,
)
from marketplace.ledger.models import (
    LedgerEntry,
    LedgerPeriodChange,
    PeriodState,
    SplitPolicy,
    SplitPolicyProposal,
)
from marketplace.ledger.operations import (
    approve_entry,
    approve_period_change,
    approve_policy,
    post,
    propose_adjustment,
    propose_period_change,
)
from marketplace.ledger.policies import seal_policy
from marketplace.ledger.queries import balance
from marketplace.ledger.queries.audits import run_checks
from marketplace.ledger.queries.entry_proposals import get_entry_proposal
from marketplace.ledger.queries.periods import count_entries_in, get_period_change
from marketplace.ledger.queries.policy_history import get_policy_proposal
from tests.factories import NOON
from tests.ledger.drafts import a_draft

APRIL = date(2026, 4, 1)
JUNE = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)
SALE = {"cooperative": 9_200, "service": 500, "village_share": 300}


@pytest.fixture(autouse=True)
def only_the_ledgers_rules(monkeypatch):
    monkeypatch.setattr(hooks, "_checks", {})


def at_once(app, *acts):
    """Run each of `acts` in a thread and a transaction of its own; their results or refusals."""
    start = Barrier(len(acts))

    def run(act):
        with app.app_context():
            try:
                start.wait()
                with transaction():
                    return act()
            except DomainError as refusal:
                return refusal
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def soft_closed() -> int:
    """April soft-closed; the id of the change that would close it."""
    with transaction():
        soft = propose_period_change(APRIL, PeriodState.SOFT_CLOSED, by=1, at=JUNE)
        approve_period_change(soft, by=2, at=JUNE)
        return propose_period_change(APRIL, PeriodState.CLOSED, by=1, at=JUNE).id


def adjust():
    return post(
        a_draft(
            {"assets:bank": won(1), "equity:opening": won(-1)},
            kind="adjustment",
            proposed_by=1,
            approved_by=2,
        )
    )


def test_no_entry_slips_in_behind_the_audit_that_closes_a_month(committed):
    closing = soft_closed()

    def close():
        approve_period_change(get_period_change(closing), by=2, at=JUNE)

    results = at_once(committed, *[adjust] * 4, close, *[adjust] * 4)

    booked = [result for result in results if isinstance(result, int)]
    refused = [result for result in results if isinstance(result, PeriodClosed)]
    change = db.session.get(LedgerPeriodChange, closing)
    assert results[4] is None
    assert len(booked) + len(refused) == 8
    assert change.entry_count == len(booked) == count_entries_in(APRIL)[0]
    assert [result.rule for result in run_checks(JUNE) if result.count] == []


def test_closing_waits_for_an_entry_that_is_under_way(committed):
    closing = soft_closed()
    under_way = Event()

    def write_slowly():
        with committed.app_context(), transaction():
            adjust()
            under_way.set()
            sleep(0.5)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_slowly)
        assert under_way.wait(10)
        with transaction():
            approve_period_change(get_period_change(closing), by=2, at=JUNE)
        writing.result()

    change = db.session.get(LedgerPeriodChange, closing)
    assert change.entry_count == count_entries_in(APRIL)[0] == 1


def test_of_two_second_signatures_one_counts(committed):
    closing = soft_closed()

    def sign(person):
        return lambda: approve_period_change(get_period_change(closing), by=person, at=JUNE)

    results = at_once(committed, sign(2), sign(3), sign(4))

    assert results.count(None) == 1
    assert sum(isinstance(result, PeriodChangeDecided) for result in results) == 2


def _waiting(parts):
    """A proposal as two people write it at once, neither seeing the other's."""
    body = {"parts": parts, "valid_from": NOON + timedelta(days=9), "reason": "Voted"}
    proposal = SplitPolicyProposal(
        scope="sale",
        **body,
        proposed_by=1,
        proposed_at=NOON,
        body_sha256=seal_policy("sale", **body, proposed_by=1),
    )
    db.session.add(proposal)
    db.session.flush()
    return proposal.id


def test_of_two_divisions_for_one_day_signed_at_once_one_counts(committed):
    with transaction():
        ids = [
            _waiting(SALE | {"service": 500 - step, "village_share": 300 + step})
            for step in range(3)
        ]

    def sign(proposal_id):
        def act():
            proposal = get_policy_proposal(proposal_id)
            approve_policy(proposal, by=2, body_sha256=proposal.body_sha256, at=NOON)

        return act

    results = at_once(committed, *[sign(proposal_id) for proposal_id in ids])

    db.session.rollback()
    assert results.count(None) == 1
    assert sum(isinstance(result, PolicyDayTaken) for result in results) == 2
    assert db.session.query(SplitPolicy).count() == 1
    signed = db.session.query(SplitPolicyProposal).filter_by(approved_by=2)
    assert signed.count() == 1


def test_two_colleagues_signing_an_entry_at_once_book_it_once(committed):
    with transaction():
        proposal = propose_adjustment(
            [Line("expenses:bank-fee", won(100)), Line("assets:bank", won(-100))],
            effective_on=JUNE.date(),
            memo="Bank fee",
            reason="Left out",
            by=1,
            at=JUNE,
        )
        proposal_id, body = proposal.id, proposal.body_sha256

    def sign(by):
        return lambda: approve_entry(
            get_entry_proposal(proposal_id), by=by, body_sha256=body, at=JUNE
        )

    outcomes = at_once(committed, sign(2), sign(3))

    db.session.rollback()
    assert {type(outcome) for outcome in outcomes} == {int, EntryProposalDecided}
    assert db.session.query(LedgerEntry).count() == 1


def test_two_signatures_at_once_do_not_take_the_cash_that_funds_need(committed):
    with transaction():
        post(a_draft({"assets:bank-trust": won(1_000), "funds:village:programs": won(-1_000)}))
        post(a_draft({"assets:bank": won(100), "equity:opening": won(-100)}))
        asked = [
            propose_adjustment(
                [Line("expenses:bank-fee", won(60)), Line("assets:bank", won(-60))],
                effective_on=NOON.date(),
                memo=f"Fee {number}",
                reason="The bank's letter",
                by=1,
                at=NOON,
            ).id
            for number in range(2)
        ]

    def sign(proposal_id):
        def act():
            proposal = get_entry_proposal(proposal_id)
            approve_entry(proposal, by=2, body_sha256=proposal.body_sha256, at=NOON)

        return act

    results = at_once(committed, *[sign(proposal_id) for proposal_id in asked])

    assert sorted(type(result).__name__ for result in results) == ["FundsUncovered", "NoneType"]
    assert balance("assets:bank:krw") == won(40)
