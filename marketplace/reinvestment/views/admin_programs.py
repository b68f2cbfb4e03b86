from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.accounts.queries import find_people
from marketplace.accounts.signing import asks_code, refusal_of_code
from marketplace.cooperatives.queries import find_by_id
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import now
from marketplace.ledger.queries import entry_number
from marketplace.payments.recon_queries import bank_lines_of
from marketplace.reinvestment import queries
from marketplace.reinvestment.errors import (
    AlreadyCanceled,
    AlreadyDecided,
    AlreadyReleased,
    FundExhausted,
    MoreThanCommitted,
    NotSealedYet,
    ProposalChanged,
    ReasonMissing,
    SelfApproval,
)
from marketplace.reinvestment.forms import (
    DecisionForm,
    DisbursementForm,
    EvidenceForm,
    SettlementForm,
)
from marketplace.reinvestment.models import Disbursement, Evidence, Program, ProgramState
from marketplace.reinvestment.operations import (
    approve_program,
    cancel_disbursement,
    finish_program,
    propose_disbursement,
    reject_program,
    release_disbursement,
    settle_disbursement,
)
from marketplace.reinvestment.policies import OPEN, allocate
from marketplace.reinvestment.views import words
from marketplace.reinvestment.views.blueprint import admin as bp
from marketplace.reinvestment.views.public import signatures
from marketplace.web.downloads import offer
from marketplace.web.errors import explain
from marketplace.web.forms import render_form
from marketplace.web.paging import Page, page_number

SIZE = 30


@bp.get("/programs")
@staff(Role.ADMIN, Role.AUDITOR)
def list_programs() -> ResponseReturnValue:
    wanted, text = request.args.get("state", ""), request.args.get("q", "").strip()[:80]
    number = page_number()
    rows, count = queries.list_programs(
        states=[ProgramState(wanted)] if wanted in set(ProgramState) else (),
        text=text,
        number=number,
        size=SIZE,
    )
    counts = queries.count_by_state()
    return render_template(
        "reinvestment/admin_programs.html",
        page=Page(rows, count, number, SIZE),
        page_url=lambda page: url_for(".list_programs", state=wanted, q=text, page=page),
        tabs=[_tab(None, wanted, sum(counts.values()))]
        + [_tab(state, wanted, counts[state]) for state in ProgramState],
        wanted=wanted,
        text=text,
        words=words,
        people=find_people({row.proposed_by for row in rows}),
        may_act=current_user.has_role(Role.ADMIN),
        files=offer("programs"),
    )


@bp.get("/programs/<number>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_program(number: str) -> ResponseReturnValue:
    return show(queries.get_program(number))


@bp.post("/programs/<number>/decision")
@staff(Role.ADMIN)
def new_decision(number: str) -> ResponseReturnValue:
    program = queries.get_program(number)
    form = DecisionForm()
    form.offer()
    if not form.validate_on_submit():
        return show(program, decision=form)
    if error := refusal_of_code():
        form.refuse("code", error)
        return show(program, decision=form)
    try:
        with transaction():
            if form.decision.data == "approve":
                approve_program(
                    program,
                    by=current_user.id,
                    body_sha256=form.body.data or "",
                    reason=form.reason.data or "",
                    at=now(),
                )
                flash(_("Signed. The money is set aside for the program."), "ok")
            else:
                reject_program(program, reason=form.reason.data or "", by=current_user.id, at=now())
                flash(_("The proposal was refused. The reason is in the record."), "ok")
    except ProposalChanged as error:
        form.refuse("decision", error)
        # The page that answers shows the new text, so the next signature is for that one.
        form.body.data = program.body_sha256
    except (FundExhausted, NotSealedYet, SelfApproval, AlreadyDecided) as error:
        form.refuse("decision", error)
    except ReasonMissing as error:
        form.refuse("reason", error)
    else:
        return redirect(url_for(".show_program", number=number))
    return show(program, decision=form)


@bp.post("/programs/<number>/disbursements")
@staff(Role.ADMIN)
def new_disbursement(number: str) -> ResponseReturnValue:
    program = queries.get_program(number)
    form = DisbursementForm()
    if form.validate_on_submit():
        try:
            with transaction():
                propose_disbursement(
                    program,
                    form.money(),
                    purpose=form.purpose.data or "",
                    by=current_user.id,
                    form_key=form.form_key.data,
                    at=now(),
                )
        except MoreThanCommitted as error:
            form.refuse("amount", error)
        else:
            flash(_("Proposed. A colleague has to release the payment."), "ok")
            return redirect(url_for(".show_program", number=number))
    return show(program, disbursement=form)


@bp.post("/programs/<number>/disbursements/<part>/release")
@staff(Role.ADMIN)
@asks_code
def new_release(number: str, part: str) -> ResponseReturnValue:
    disbursement = queries.get_disbursement(queries.get_program(number), part)
    try:
        with transaction():
            release_disbursement(disbursement, by=current_user.id, at=now())
    except (AlreadyCanceled, AlreadyReleased, SelfApproval, MoreThanCommitted) as error:
        flash(explain(error), "bad")
    else:
        flash(_("Released. Both names stand on the entry."), "ok")
    return redirect(url_for(".show_program", number=number))


@bp.post("/programs/<number>/disbursements/<part>/cancellation")
@staff(Role.ADMIN)
def new_cancellation(number: str, part: str) -> ResponseReturnValue:
    disbursement = queries.get_disbursement(queries.get_program(number), part)
    try:
        with transaction():
            cancel_disbursement(disbursement, by=current_user.id, at=now())
    except AlreadyReleased as error:
        flash(explain(error), "bad")
    else:
        flash(_("The disbursement was canceled. Nothing was booked."), "ok")
    return redirect(url_for(".show_program", number=number))


@bp.post("/programs/<number>/disbursements/<part>/settlement")
@staff(Role.ADMIN)
def new_settlement(number: str, part: str) -> ResponseReturnValue:
    program = queries.get_program(number)
    disbursement = queries.get_disbursement(program, part)
    form = SettlementForm(prefix=f"{part}-")
    if form.validate_on_submit():
        with transaction():
            settle_disbursement(
                disbursement,
                reference=form.reference.data or "",
                by=current_user.id,
                at=now(),
            )
        flash(_("The bank line is noted. The payment has left the trust account."), "ok")
        return redirect(url_for(".show_program", number=number))
    return show(program, settlement=(part, form))


@bp.post("/programs/<number>/completion")
@staff(Role.ADMIN)
def new_completion(number: str) -> ResponseReturnValue:
    program = queries.get_program(number)
    try:
        with transaction():
            finish_program(program, by=current_user.id, at=now())
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("The program is finished. What was left went back to its funds."), "ok")
    return redirect(url_for(".show_program", number=number))


def show(
    program: Program,
    *,
    decision: DecisionForm | None = None,
    disbursement: DisbursementForm | None = None,
    settlement: tuple[str, SettlementForm] | None = None,
    evidence: tuple[str, EvidenceForm] | None = None,
) -> ResponseReturnValue:
    """The page of a program, with the form that was refused."""
    disbursements = queries.list_disbursements(program)
    signed_by = {program.proposed_by, program.approved_by or 0, program.rejected_by or 0}
    paid_by = {
        key or 0
        for row in disbursements
        for key in (row.proposed_by, row.released_by, row.settled_by)
    }
    shown = queries.evidence_of({row.id for row in disbursements}, with_withdrawn=True)
    told_by = {row.added_by for rows in shown.values() for row in rows}
    people = find_people(signed_by | paid_by | told_by)
    may_act = current_user.has_role(Role.ADMIN)
    return render_form(
        "reinvestment/admin_show.html",
        decision
        or disbursement
        or (settlement or evidence or (None, DecisionForm(formdata=None)))[1],
        program=program,
        words=words,
        place=queries.find_place(program.village_code),
        cooperative=find_by_id(program.cooperative_id) if program.cooperative_id else None,
        people=people,
        signatures=signatures(program, people),
        effect=_effect(program),
        steps=_steps(program),
        decision=decision or _fresh_decision(program),
        may_decide=may_act
        and program.state is ProgramState.PROPOSED
        and program.proposed_by != current_user.id,
        is_mine=program.proposed_by == current_user.id,
        may_act=may_act,
        disbursements=disbursements,
        disbursement=disbursement or DisbursementForm(formdata=None),
        settlements=_settlements(disbursements, settlement),
        evidence=shown,
        withdraw_url=_withdraw_url(program, disbursements) if may_act else None,
        evidence_forms=_evidence_forms(disbursements, evidence),
        is_open=program.state in OPEN,
        committed=queries.committed_of(program),
        paid=queries.paid_of(program),
        waiting=queries.waiting_of(program.id),
        entry_number=entry_number,
        funds=queries.allocated_by_fund(program.id).get(program.id, {}),
        backing=queries.backing_of(program),
        bank_lines=bank_lines_of(
            {row.settlement_entry_id for row in disbursements if row.settlement_entry_id}
        ),
        has_entries="admin.show_entry" in current_app.view_functions,
        won=won,
    )


def _fresh_decision(program: Program) -> DecisionForm:
    form = DecisionForm(formdata=None, data={"body": program.body_sha256})
    form.offer()
    return form


def _settlements(
    disbursements: Any, refused: tuple[str, SettlementForm] | None
) -> dict[str, SettlementForm]:
    """A small form for each payment that the bank has not confirmed."""
    forms = {
        row.number: SettlementForm(formdata=None, prefix=f"{row.number}-")
        for row in disbursements
        if row.released_by and not row.settled_on
    }
    return forms | ({refused[0]: refused[1]} if refused else {})


def _withdraw_url(
    program: Program, disbursements: Sequence[Disbursement]
) -> Callable[[Evidence], str]:
    parts = {row.id: row.number for row in disbursements}
    return lambda evidence: url_for(
        ".new_evidence_withdrawal",
        number=program.number,
        part=parts[evidence.disbursement_id],
        evidence_id=evidence.id,
    )


def _evidence_forms(
    disbursements: Sequence[Disbursement], refused: tuple[str, EvidenceForm] | None
) -> dict[str, EvidenceForm]:
    """A form for each payment that was released, to say what it did."""
    forms = {
        row.number: EvidenceForm(formdata=None, prefix=f"{row.number}-evidence-")
        for row in disbursements
        if row.released_by
    }
    return forms | ({refused[0]: refused[1]} if refused else {})


def _effect(program: Program) -> list[dict[str, object]]:
    """What approving does to each fund: free today, taken, free after."""
    if program.state is not ProgramState.PROPOSED:
        return []
    free = queries.free_for(program)
    try:
        taken = allocate(program.asked, free)
    except FundExhausted:
        taken = {}
    nothing = Money(0, "KRW")
    return [
        {
            "name": words.fund_name(fund),
            "free": amount,
            "taken": taken.get(fund, nothing),
            "after": amount - taken.get(fund, nothing),
        }
        for fund, amount in free.items()
        if fund in taken or not taken
    ]


def _steps(program: Program) -> list[tuple[str, str, str]]:
    if program.state is ProgramState.REJECTED:
        return [(_("Proposal sent"), "done", ""), (_("Refused"), "now", "")]
    names = [_("Proposal sent"), _("Two signatures"), _("Paid in parts"), _("Finished")]
    here = {
        ProgramState.PROPOSED: 1,
        ProgramState.APPROVED: 2,
        ProgramState.RUNNING: 2,
        ProgramState.DONE: 4,
    }[program.state]
    return [
        (name, "done" if place < here else "now" if place == here else "", "")
        for place, name in enumerate(names)
    ]


def _tab(state: ProgramState | None, wanted: str, count: int) -> dict[str, object]:
    """A list of one state, as a tab."""
    value = state.value if state else ""
    return {
        "label": words.state_name(state).capitalize() if state else _("All"),
        "url": url_for(".list_programs", state=value or None),
        "current": wanted == value,
        "count": count,
    }
