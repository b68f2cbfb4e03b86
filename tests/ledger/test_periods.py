from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger import hooks
from marketplace.ledger.errors import (
    BooksBroken,
    EarlierPeriodNotSoft,
    EarlierPeriodOpen,
    LaterPeriodShut,
    PeriodBeforeBooks,
    PeriodChangeDecided,
    PeriodChangeStale,
    PeriodChangeWaiting,
    PeriodClosed,
    PeriodNotOver,
    PeriodSoftClosed,
    PeriodStaysClosed,
    PeriodStepMissing,
    ReopeningReasonMissing,
    SelfApproval,
)
from marketplace.ledger.models import LedgerAudit, LedgerPeriod, PeriodState
from marketplace.ledger.operations import (
    approve_period_change,
    post,
    propose_period_change,
    withdraw_period_change,
)
from marketplace.ledger.queries import get_entry
from marketplace.ledger.queries.periods import list_months
from tests.factories import NOON, saved
from tests.ledger.drafts import a_draft
from tests.ledger.tampering import tamper

pytestmark = pytest.mark.usefixtures("database")

APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
JUNE = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)
LINES = {"assets:bank": won(1), "equity:opening": won(-1)}
OPEN, SOFT, CLOSED = PeriodState.OPEN, PeriodState.SOFT_CLOSED, PeriodState.CLOSED


@pytest.fixture(autouse=True)
def only_the_ledgers_rules(monkeypatch):
    monkeypatch.setattr(hooks, "_checks", {})


def state_of(month: date) -> PeriodState:
    period = db.session.get(LedgerPeriod, month)
    return period.state if period else OPEN


def changed(month: date, *states: PeriodState, at=JUNE) -> None:
    """The month after these steps, each by two people."""
    for state in states:
        change = propose_period_change(month, state, by=1, at=at, reason="A late invoice")
        approve_period_change(change, by=2, at=at)


def an_adjustment(**more):
    return a_draft(LINES, **{"kind": "adjustment", "proposed_by": 1, "approved_by": 2} | more)


def test_a_soft_closed_month_takes_adjustments_of_two_people_only():
    changed(APRIL, SOFT)

    with pytest.raises(PeriodSoftClosed) as refused:
        post(a_draft(LINES))
    for alone in ({"approved_by": None}, {"proposed_by": None}, {"kind": "sale"}):
        with pytest.raises(PeriodSoftClosed):
            post(an_adjustment(**alone))
    entry_id = post(an_adjustment())

    assert refused.value.facts == {"day": date(2026, 4, 18)}
    assert get_entry(entry_id).effective_on == date(2026, 4, 18)


def test_a_closed_month_takes_nothing_nor_does_what_lies_before_it():
    changed(APRIL, SOFT, CLOSED)

    for entry in (an_adjustment(), a_draft(LINES, on=date(2026, 3, 31))):
        with pytest.raises(PeriodClosed):
            post(entry)


def test_a_late_fact_is_booked_today_with_its_old_instant():
    changed(APRIL, SOFT, CLOSED)

    entry = get_entry(post(a_draft(LINES, at=NOON, on=JUNE.date())))

    assert (entry.occurred_at, entry.effective_on) == (NOON, date(2026, 6, 10))


def test_nobody_signs_their_own_change():
    change = propose_period_change(APRIL, SOFT, by=1, at=JUNE)

    with pytest.raises(SelfApproval):
        approve_period_change(change, by=1, at=JUNE)

    assert state_of(APRIL) is OPEN
    assert change.is_waiting


def test_a_signed_change_says_who_and_when_and_stays():
    changed(APRIL, SOFT)

    (month,) = [month for month in list_months(JUNE.date()) if month.starts_on == APRIL]
    (change,) = month.signed
    assert (change.proposed_by, change.approved_by, change.approved_at) == (1, 2, JUNE)
    for statement in (
        "UPDATE ledger_period_changes SET approved_by = 3",
        "DELETE FROM ledger_period_changes",
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(sa.text(statement))


def test_a_change_is_decided_once():
    change = propose_period_change(APRIL, SOFT, by=1, at=JUNE)
    approve_period_change(change, by=2, at=JUNE)

    for person in (2, 3):
        with pytest.raises(PeriodChangeDecided):
            approve_period_change(change, by=person, at=JUNE + timedelta(days=1))
    assert change.approved_at == JUNE
    with pytest.raises(PeriodChangeDecided):
        withdraw_period_change(change, by=1, at=JUNE)


def test_a_month_is_closed_with_clean_books_only():
    entry_id = post(a_draft(LINES))
    changed(APRIL, SOFT)
    change = propose_period_change(APRIL, CLOSED, by=1, at=JUNE)
    tamper("UPDATE ledger_entries SET ref_id = 'other' WHERE id = :id", id=entry_id)

    with pytest.raises(BooksBroken) as refused, db.session.begin_nested():
        approve_period_change(change, by=2, at=JUNE)

    assert refused.value.facts == {"count": 1}
    assert state_of(APRIL) is SOFT


def test_closing_keeps_the_audit_and_the_count_of_the_month():
    last = max(post(a_draft(LINES)), post(a_draft(LINES)))
    changed(APRIL, SOFT, CLOSED)

    closing = list_months(JUNE.date())[-1].signed[0]
    assert (closing.entry_count, closing.last_entry_id) == (2, last)
    assert db.session.get(LedgerAudit, closing.audit_id).breaches == 0


def test_months_are_closed_in_their_order():
    post(a_draft(LINES))
    with pytest.raises(EarlierPeriodNotSoft) as refused:
        propose_period_change(MAY, SOFT, by=1, at=JUNE)
    changed(APRIL, SOFT)
    changed(MAY, SOFT)
    with pytest.raises(EarlierPeriodOpen) as refused_too:
        propose_period_change(MAY, CLOSED, by=1, at=JUNE)
    changed(APRIL, CLOSED)
    changed(MAY, CLOSED)

    assert refused.value.facts == refused_too.value.facts == {"month": "2026-04"}
    assert state_of(MAY) is CLOSED


def test_what_was_opened_again_is_soft_closed_while_the_next_month_is_open():
    post(a_draft(LINES))
    changed(APRIL, SOFT)
    changed(MAY, SOFT)
    changed(APRIL, OPEN)

    with pytest.raises(LaterPeriodShut) as refused:
        propose_period_change(APRIL, SOFT, by=1, at=JUNE)
    changed(MAY, OPEN)
    changed(APRIL, SOFT)
    changed(MAY, SOFT)

    assert refused.value.facts == {"month": "2026-05"}


def test_a_step_that_fitted_when_it_was_proposed_is_not_signed_out_of_order():
    post(a_draft(LINES))
    changed(APRIL, SOFT)
    change = propose_period_change(MAY, SOFT, by=1, at=JUNE)
    changed(APRIL, OPEN)

    with pytest.raises(EarlierPeriodNotSoft):
        approve_period_change(change, by=2, at=JUNE)

    assert state_of(MAY) is OPEN
    assert change.is_waiting


def test_a_soft_closed_month_is_opened_again_for_a_reason():
    changed(APRIL, SOFT)
    with pytest.raises(ReopeningReasonMissing):
        propose_period_change(APRIL, OPEN, by=1, at=JUNE, reason=" ")

    changed(APRIL, OPEN)

    assert state_of(APRIL) is OPEN
    post(a_draft(LINES))


@pytest.mark.parametrize("state", [OPEN, SOFT, CLOSED])
def test_a_closed_month_is_never_changed_again(state):
    changed(APRIL, SOFT, CLOSED)

    with pytest.raises(PeriodStaysClosed):
        propose_period_change(APRIL, state, by=1, at=JUNE, reason="Please")
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(sa.text("UPDATE ledger_periods SET state = 'soft'"))


@pytest.mark.parametrize("state", [OPEN, CLOSED])
def test_an_open_month_is_soft_closed_first(state):
    with pytest.raises(PeriodStepMissing):
        propose_period_change(APRIL, state, by=1, at=JUNE, reason="Now")


def test_a_month_that_is_not_over_stays_open():
    last_day = datetime(2026, 4, 30, 14, 59, tzinfo=UTC)

    with pytest.raises(PeriodNotOver):
        propose_period_change(APRIL, SOFT, by=1, at=last_day)
    propose_period_change(APRIL, SOFT, by=1, at=last_day + timedelta(minutes=1))


def test_there_is_no_month_before_the_books_begin():
    post(a_draft(LINES))

    with pytest.raises(PeriodBeforeBooks) as refused:
        propose_period_change(date(1999, 1, 1), SOFT, by=1, at=JUNE)

    assert refused.value.facts == {"month": "2026-04"}
    assert db.session.query(LedgerPeriod).count() == 0


def test_one_change_of_a_month_waits_at_a_time():
    change = propose_period_change(APRIL, SOFT, by=1, at=JUNE)
    with pytest.raises(PeriodChangeWaiting):
        propose_period_change(APRIL, SOFT, by=2, at=JUNE)

    withdraw_period_change(change, by=2, at=JUNE)

    with pytest.raises(PeriodChangeDecided):
        approve_period_change(change, by=2, at=JUNE)
    changed(APRIL, SOFT)


def test_a_change_proposed_for_another_state_is_not_signed():
    saved(LedgerPeriod(starts_on=APRIL, ends_on=date(2026, 4, 30), state=SOFT))
    change = propose_period_change(APRIL, OPEN, by=1, at=JUNE, reason="Late")
    db.session.execute(sa.text("UPDATE ledger_periods SET state = 'closed'"))
    db.session.expire_all()

    with pytest.raises(PeriodChangeStale):
        approve_period_change(change, by=2, at=JUNE)


def test_months_run_from_the_first_entry_to_today_newest_first():
    post(a_draft(LINES))

    months = list_months(JUNE.date())

    assert [(month.starts_on.month, month.entries) for month in months] == [(6, 0), (5, 0), (4, 1)]
    assert {month.state for month in months} == {OPEN}
