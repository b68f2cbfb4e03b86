from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db, lock
from marketplace.kernel.ids import random_code
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.operations import lock_accounts, post
from marketplace.reference.models import District, Village
from marketplace.reinvestment import postings
from marketplace.reinvestment.errors import (
    AlreadyDecided,
    CooperativeElsewhere,
    NotYourProposal,
    PaymentsWaiting,
    ProgramNotOpen,
    ProposalChanged,
    ReasonMissing,
    SelfApproval,
    VillageMissing,
)
from marketplace.reinvestment.models import (
    Allocation,
    Pledge,
    Program,
    ProgramState,
    ProgramTheme,
)
from marketplace.reinvestment.operations.forms import find_by_form_key
from marketplace.reinvestment.operations.lots import require_sealed, return_lots, use_lots
from marketplace.reinvestment.policies import (
    BudgetLine,
    allocate,
    check_budget,
    funds_for,
    seal_body,
    slug_for,
)
from marketplace.reinvestment.queries.funds import allocated_by_fund, committed_of, free_in
from marketplace.reinvestment.queries.payments import waiting_of

log = structlog.get_logger()


@dataclass(frozen=True)
class Proposal:
    """What a proposal says. The title is the village's own; the others may be empty."""

    village_code: str
    title: str
    theme: ProgramTheme
    problem: str
    plan: str
    budget: Sequence[BudgetLine]
    title_ko: str = ""
    title_en: str = ""
    cooperative_id: int | None = None


def propose_program(
    proposal: Proposal,
    *,
    by: int,
    at: datetime,
    form_key: str | None = None,
    is_demo: bool = False,
) -> Program:
    """Write a proposal for a village; a second person has to sign it before anything is booked.

    Asks for the sum of the budget. The same `form_key` again returns the same proposal.
    Raises VillageMissing, CooperativeElsewhere, BudgetEmpty, BudgetLineWrong.
    """
    if form_key and (sent := find_by_form_key(Program, form_key)):
        return sent
    placeholder = random_code(12)
    program = Program(
        form_key=form_key,
        number=placeholder,
        slug=placeholder,
        proposed_by=by,
        proposed_at=at,
        body_sha256="",
        is_demo=is_demo,
    )
    _write(program, proposal)
    db.session.add(program)
    db.session.flush()
    program.number = f"P-{program.id:04}"
    program.slug = slug_for(program.title, program.number)
    program.body_sha256 = seal_body(program)
    db.session.flush()
    log.info("program proposed", program=program.number, by=by)
    return program


def revise_program(program: Program, proposal: Proposal, *, by: int, at: datetime) -> None:
    """Change a proposal that nobody has decided on; what was read before can no longer be signed.

    Raises NotYourProposal, AlreadyDecided and what `propose_program` raises.
    """
    program = lock(Program, program.id)
    if program.state is not ProgramState.PROPOSED:
        raise AlreadyDecided
    if program.proposed_by != by:
        raise NotYourProposal
    _write(program, proposal)
    program.proposed_at = at
    program.body_sha256 = seal_body(program)
    db.session.flush()


def approve_program(
    program: Program, *, by: int, body_sha256: str, at: datetime, reason: str = ""
) -> None:
    """Sign a proposal as the second person and commit the money it asks for, once.

    `body_sha256` is of the text that was read. The money comes from the funds in their order, and
    from the lots that were sealed first. Raises SelfApproval, ProposalChanged, AlreadyDecided,
    FundExhausted(available=…) and NotSealedYet(sealed=…); then nothing is written.
    """
    program = lock(Program, program.id)
    if program.state is not ProgramState.PROPOSED:
        raise AlreadyDecided
    if program.proposed_by == by:
        raise SelfApproval
    if not program.body_sha256 == body_sha256 == seal_body(program):
        raise ProposalChanged
    parts = _reserve(program)
    entry_id = post(
        postings.allocation(
            program.number, parts, proposed_by=program.proposed_by, approved_by=by, at=at
        )
    )
    for fund, amount in parts.items():
        _note_allocation(program, fund, amount, entry_id, at)
        use_lots(entry_id, fund, amount)
    program.state = ProgramState.APPROVED
    program.approved_by = by
    program.approved_at = at
    program.reason = reason.strip() or None
    db.session.flush()
    log.info("program approved", program=program.number, by=by)


def reject_program(program: Program, *, reason: str, by: int, at: datetime) -> None:
    """Refuse a proposal as the second person, with a reason for the record.

    Raises SelfApproval, AlreadyDecided, ReasonMissing.
    """
    program = lock(Program, program.id)
    if program.state is not ProgramState.PROPOSED:
        raise AlreadyDecided
    if program.proposed_by == by:
        raise SelfApproval
    if not reason.strip():
        raise ReasonMissing
    program.state = ProgramState.REJECTED
    program.rejected_by = by
    program.rejected_at = at
    program.reason = reason.strip()
    db.session.flush()
    log.info("program rejected", program=program.number, by=by)


def finish_program(program: Program, *, by: int, at: datetime) -> None:
    """Close a program; what it did not need goes back to its funds and lots, once.

    Raises ProgramNotOpen before the first payment, PaymentsWaiting.
    """
    program = lock(Program, program.id)
    if program.state is ProgramState.DONE:
        return
    if program.state is not ProgramState.RUNNING:
        raise ProgramNotOpen
    if waiting_of(program.id):
        raise PaymentsWaiting
    _return_rest(program, by=by, at=at)
    program.state = ProgramState.DONE
    program.finished_on = today_in_seoul(at)
    db.session.flush()
    log.info("program finished", program=program.number, by=by)


def _write(program: Program, proposal: Proposal) -> None:
    asked = check_budget(proposal.budget)
    district = db.session.scalar(
        select(District)
        .join(Village, Village.district_code == District.code)
        .where(Village.code == proposal.village_code)
    )
    if district is None:
        raise VillageMissing
    if proposal.cooperative_id is not None:
        cooperative = db.session.get(Cooperative, proposal.cooperative_id)
        if cooperative is None or cooperative.regency_code != district.regency_code:
            raise CooperativeElsewhere
    program.title = proposal.title.strip()
    program.title_ko = proposal.title_ko.strip()
    program.title_en = proposal.title_en.strip()
    program.theme = proposal.theme
    program.cooperative_id = proposal.cooperative_id
    program.regency_code = district.regency_code
    program.village_code = proposal.village_code
    program.problem = proposal.problem.strip()
    program.plan = proposal.plan.strip()
    program.budget = [[text.strip(), amount.minor] for text, amount in proposal.budget]
    program.asked_minor = asked.minor


def _reserve(program: Program) -> dict[str, Money]:
    """Hold the funds the program may use, and say how much to take from each."""
    pledges = db.session.scalars(select(Pledge).order_by(Pledge.id)).all()
    funds = funds_for(program, pledges)
    lock_accounts([f"{fund}:krw" for fund in funds])
    parts = allocate(program.asked, free_in(funds))
    for fund, amount in parts.items():
        require_sealed(fund, amount)
    return parts


def _return_rest(program: Program, *, by: int, at: datetime) -> None:
    lock_accounts([f"{postings.committed_to(program.number)}:krw"])
    rest = committed_of(program)
    if not rest:
        return
    parts: dict[str, Money] = {}
    left = rest.minor
    # The fund asked last is the first to get its money back.
    for fund, minor in reversed(allocated_by_fund(program.id)[program.id].items()):
        part = min(left, minor)
        if part:
            parts[fund] = won(part)
            left -= part
    entry_id = post(postings.allocation_returned(program.number, parts, by=by, at=at))
    spent_by = db.session.scalars(
        select(Allocation.entry_id).where(Allocation.program_id == program.id)
    ).first()
    assert spent_by is not None
    for fund, amount in parts.items():
        _note_allocation(program, fund, -amount, entry_id, at)
        return_lots(entry_id, spent_by, fund, amount)


def _note_allocation(
    program: Program, fund: str, amount: Money, entry_id: int, at: datetime
) -> None:
    db.session.add(
        Allocation(program_id=program.id, fund=fund, minor=amount.minor, entry_id=entry_id, at=at)
    )
    db.session.flush()
