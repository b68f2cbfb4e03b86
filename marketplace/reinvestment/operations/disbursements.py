from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import func, select

from marketplace.kernel.db import db, lock
from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.operations import lock_accounts, post
from marketplace.reinvestment import postings
from marketplace.reinvestment.errors import (
    AlreadyCanceled,
    AlreadyReleased,
    AmountNotPositive,
    MoreThanCommitted,
    NotReleased,
    ProgramNotOpen,
    SelfApproval,
)
from marketplace.reinvestment.models import Disbursement, Program, ProgramState
from marketplace.reinvestment.operations.forms import find_by_form_key
from marketplace.reinvestment.policies import OPEN
from marketplace.reinvestment.queries.funds import committed_of
from marketplace.reinvestment.queries.payments import waiting_of

log = structlog.get_logger()


def propose_disbursement(
    program: Program,
    amount: Money,
    *,
    purpose: str,
    by: int,
    at: datetime,
    form_key: str | None = None,
) -> Disbursement:
    """Ask to pay a part of the committed money; a second person has to release it.

    The same `form_key` again returns the same disbursement. Raises AmountNotPositive,
    ProgramNotOpen, MoreThanCommitted(available=…).
    """
    if amount.minor <= 0:
        raise AmountNotPositive
    program = lock(Program, program.id)
    if form_key and (sent := find_by_form_key(Disbursement, form_key)):
        return sent
    if program.state not in OPEN:
        raise ProgramNotOpen
    available = committed_of(program) - waiting_of(program.id)
    if amount > available:
        raise MoreThanCommitted(available=available)
    earlier = db.session.scalar(
        select(func.count()).select_from(Disbursement).where(Disbursement.program_id == program.id)
    )
    disbursement = Disbursement(
        number=f"{program.number}-{(earlier or 0) + 1}",
        program_id=program.id,
        minor=amount.minor,
        purpose=purpose.strip(),
        form_key=form_key,
        proposed_by=by,
        proposed_at=at,
    )
    db.session.add(disbursement)
    db.session.flush()
    log.info("disbursement proposed", disbursement=disbursement.number, by=by)
    return disbursement


def release_disbursement(disbursement: Disbursement, *, by: int, at: datetime) -> None:
    """Release a payment as the second person, once: it is the program's, and on its way.

    Raises SelfApproval, AlreadyCanceled, AlreadyReleased, MoreThanCommitted.
    """
    program = lock(Program, disbursement.program_id)
    disbursement = lock(Disbursement, disbursement.id)
    if disbursement.canceled_by is not None:
        raise AlreadyCanceled
    if disbursement.released_by is not None:
        raise AlreadyReleased
    if disbursement.proposed_by == by:
        raise SelfApproval
    lock_accounts([f"{postings.committed_to(program.number)}:krw"])
    available = committed_of(program)
    if disbursement.amount > available:
        raise MoreThanCommitted(available=available)
    disbursement.entry_id = post(
        postings.disbursement(
            program.number,
            disbursement.number,
            disbursement.amount,
            disbursement.purpose,
            proposed_by=disbursement.proposed_by,
            approved_by=by,
            at=at,
        )
    )
    disbursement.released_by = by
    disbursement.released_at = at
    program.state = ProgramState.RUNNING
    db.session.flush()
    log.info("disbursement released", disbursement=disbursement.number, by=by)


def cancel_disbursement(disbursement: Disbursement, *, by: int, at: datetime) -> None:
    """Withdraw a payment that waits; anybody of the staff may. Raises AlreadyReleased."""
    lock(Program, disbursement.program_id)
    disbursement = lock(Disbursement, disbursement.id)
    if disbursement.released_by is not None:
        raise AlreadyReleased
    if disbursement.canceled_by is None:
        disbursement.canceled_by = by
        disbursement.canceled_at = at
        db.session.flush()


def settle_disbursement(
    disbursement: Disbursement, *, reference: str, by: int, at: datetime
) -> None:
    """`by` saw the bank's line `reference`: the payment has left the trust account, once.

    Raises NotReleased. The entry keeps the two people who decided, the row who saw the line.
    """
    program = lock(Program, disbursement.program_id)
    disbursement = lock(Disbursement, disbursement.id)
    if disbursement.released_by is None:
        raise NotReleased
    if disbursement.settled_on is not None:
        return
    disbursement.settlement_entry_id = post(
        postings.disbursement_settled(
            program.number,
            disbursement.number,
            disbursement.amount,
            reference.strip(),
            proposed_by=disbursement.proposed_by,
            approved_by=disbursement.released_by,
            at=at,
        )
    )
    disbursement.settled_on = today_in_seoul(at)
    disbursement.settled_by = by
    disbursement.bank_reference = reference.strip()
    db.session.flush()
    log.info("disbursement settled", disbursement=disbursement.number, by=by)
