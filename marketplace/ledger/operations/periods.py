"""Closing months, by two people.

A month goes from open to soft-closed, which still takes adjustments that two people sign, and from
there to closed, which takes nothing any more, or back to open; months go in their order. Other
rooms book what a month ends with when it is soft-closed. Late facts are posted today with the
instant at which they occurred. Rule: docs/adr/0002-append-only-ledger.md
"""

from __future__ import annotations

from datetime import date, datetime

import structlog
from sqlalchemy import insert, text
from sqlalchemy.dialects import postgresql

from marketplace.kernel.db import db, lock
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.decisions import facts_of_period_change
from marketplace.ledger.errors import (
    BooksBroken,
    PeriodBeforeBooks,
    PeriodChangeDecided,
    PeriodChangeStale,
    PeriodChangeWaiting,
    PeriodNotOver,
    PeriodStaysClosed,
    PeriodStepMissing,
    ReopeningReasonMissing,
    SelfApproval,
)
from marketplace.ledger.hooks import month_ends
from marketplace.ledger.models import LedgerPeriod, LedgerPeriodChange, PeriodState
from marketplace.ledger.operations.audits import record_audit
from marketplace.ledger.operations.decisions import keep_decision
from marketplace.ledger.queries.audits import run_checks
from marketplace.ledger.queries.periods import (
    books_begin,
    count_entries_in,
    end_of,
    find_first_month,
    find_obstacle,
    find_waiting_change,
    month_of,
    states_of_months,
)

log = structlog.get_logger()

STEPS = {
    PeriodState.OPEN: {PeriodState.SOFT_CLOSED},
    PeriodState.SOFT_CLOSED: {PeriodState.CLOSED, PeriodState.OPEN},
    PeriodState.CLOSED: set[PeriodState](),
}


def propose_period_change(
    starts_on: date, to_state: PeriodState, *, by: int, at: datetime, reason: str = ""
) -> LedgerPeriodChange:
    """Ask to change the state of the month of `starts_on`; a second person has to sign it.

    Raises PeriodBeforeBooks, PeriodNotOver, PeriodStaysClosed, PeriodStepMissing,
    EarlierPeriodNotSoft, LaterPeriodShut, EarlierPeriodOpen, ReopeningReasonMissing,
    PeriodChangeWaiting.
    """
    starts_on = month_of(starts_on)
    if end_of(starts_on) >= today_in_seoul(at):
        raise PeriodNotOver
    _check_begun(starts_on)
    period = _lock_period(starts_on)
    _check_step(period.state, to_state)
    _check_order(starts_on, to_state)
    if to_state is PeriodState.OPEN and not reason.strip():
        raise ReopeningReasonMissing
    if find_waiting_change(starts_on) is not None:
        raise PeriodChangeWaiting
    change = LedgerPeriodChange(
        starts_on=starts_on,
        from_state=period.state,
        to_state=to_state,
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=at,
    )
    db.session.add(change)
    db.session.flush()
    log.info("period change proposed", month=starts_on.isoformat(), to=str(to_state), by=by)
    return change


def approve_period_change(change: LedgerPeriodChange, *, by: int, at: datetime) -> None:
    """Sign a change as the second person, once.

    Soft-closing books what the month ends with; closing runs the audit and keeps it. Raises
    PeriodChangeDecided, SelfApproval, PeriodChangeStale, PeriodBeforeBooks, for soft-closing
    EarlierPeriodNotSoft, LaterPeriodShut and what the rooms raise, for closing EarlierPeriodOpen
    and BooksBroken(count=…); then nothing is written.
    """
    period = _lock_period(change.starts_on)
    change = lock(LedgerPeriodChange, change.id)
    if not change.is_waiting:
        raise PeriodChangeDecided
    if change.proposed_by == by:
        raise SelfApproval
    if period.state is not change.from_state:
        raise PeriodChangeStale
    _check_begun(change.starts_on)
    if change.to_state is PeriodState.SOFT_CLOSED:
        _book_month_end(change, by=by, at=at)
    if change.to_state is PeriodState.CLOSED:
        _close(change, by=by, at=at)
    period.state = change.to_state
    change.approved_by = by
    change.approved_at = at
    db.session.flush()
    keep_decision(facts_of_period_change(change), after=change.last_entry_id)
    log.info("period changed", month=change.starts_on.isoformat(), to=str(change.to_state), by=by)


def withdraw_period_change(change: LedgerPeriodChange, *, by: int, at: datetime) -> None:
    """Take back a change that waits; anybody of the staff may. Raises PeriodChangeDecided."""
    _lock_period(change.starts_on)
    change = lock(LedgerPeriodChange, change.id)
    if change.withdrawn_by is not None:
        return
    if change.approved_by is not None:
        raise PeriodChangeDecided
    change.withdrawn_by = by
    change.withdrawn_at = at
    db.session.flush()
    keep_decision(facts_of_period_change(change))


def _check_begun(starts_on: date) -> None:
    begin = books_begin()
    if begin is not None and starts_on < begin:
        raise PeriodBeforeBooks(month=f"{begin:%Y-%m}")


def _check_step(state: PeriodState, to_state: PeriodState) -> None:
    if state is PeriodState.CLOSED:
        raise PeriodStaysClosed
    if to_state not in STEPS[state]:
        raise PeriodStepMissing


def _check_order(starts_on: date, to_state: PeriodState) -> None:
    obstacle = find_obstacle(starts_on, to_state, states_of_months(), find_first_month())
    if obstacle is not None:
        raise obstacle


def _book_month_end(change: LedgerPeriodChange, *, by: int, at: datetime) -> None:
    _stop_writers()
    _check_order(change.starts_on, change.to_state)
    for act in month_ends():
        act(end_of(change.starts_on), (change.proposed_by, by), at)


def _close(change: LedgerPeriodChange, *, by: int, at: datetime) -> None:
    _stop_writers()
    _check_order(change.starts_on, change.to_state)
    audit = record_audit(run_checks(at), at=at, asked_by=by)
    if audit.breaches:
        raise BooksBroken(count=audit.breaches)
    change.audit_id = audit.id
    change.entry_count, change.last_entry_id = count_entries_in(change.starts_on)


def _stop_writers() -> None:
    """Let entries under way finish and new ones wait, so that none slips in behind what is read.

    Nobody else holds this lock at once, so whoever has it may book.
    """
    if db.session.connection().dialect.name == "postgresql":
        db.session.execute(text("LOCK TABLE ledger_entries IN SHARE ROW EXCLUSIVE MODE"))


def _lock_period(starts_on: date) -> LedgerPeriod:
    """The month's row, locked; it is made when the month is touched for the first time."""
    if db.session.get(LedgerPeriod, starts_on) is None:
        _open_period(starts_on)
    return lock(LedgerPeriod, starts_on)


def _open_period(starts_on: date) -> None:
    row = {"starts_on": starts_on, "ends_on": end_of(starts_on), "state": PeriodState.OPEN}
    statement = insert(LedgerPeriod)
    if db.session.connection().dialect.name == "postgresql":
        statement = postgresql.insert(LedgerPeriod).on_conflict_do_nothing(
            index_elements=["starts_on"]
        )
    db.session.execute(statement, [row])
