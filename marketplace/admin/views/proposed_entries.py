"""Entries that two people write by hand: reversals and adjustments."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.accounts.signing import asks_code
from marketplace.admin.entry_forms import AdjustmentForm, ReversalForm
from marketplace.admin.ledger_forms import SignatureForm
from marketplace.admin.queries import names_of
from marketplace.admin.views.blueprint import bp, readers, signers
from marketplace.admin.views.documents import document_name, document_url
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.chart import CHART
from marketplace.ledger.drafts import Line
from marketplace.ledger.errors import (
    AccountClosed,
    EntryDayBeforeBooks,
    EntryDayInFuture,
    EntryMemoMissing,
    EntryReasonMissing,
    FundsUncovered,
    NotByHand,
    NothingMoves,
    OneSided,
    Overdrawn,
    PeriodClosed,
    ReversalWaiting,
    Unbalanced,
)
from marketplace.ledger.hooks import find_reversible, is_adjustable
from marketplace.ledger.models import LedgerEntryProposal, PeriodState
from marketplace.ledger.operations import (
    approve_entry,
    propose_adjustment,
    propose_reversal,
    revise_adjustment,
    withdraw_entry,
)
from marketplace.ledger.operations.entry_proposals import ADJUSTMENT, lines_of
from marketplace.ledger.operations.posting import mirror
from marketplace.ledger.queries import Entry, find_entry, get_entry, list_accounts
from marketplace.ledger.queries.entry_proposals import find_proposal_about, get_entry_proposal
from marketplace.ledger.queries.periods import month_of, states_of_months
from marketplace.statements.shown import shown, total_of
from marketplace.statements.wording import description, kind_name
from marketplace.web.errors import explain
from marketplace.web.forms import render_form


@dataclass(frozen=True)
class Elsewhere:
    """Why an entry is not reversed by hand, and where to go instead."""

    why: str
    url: str
    name: str
    acts: bool = False
    """Whether only those who may act find something there."""


@bp.route("/ledger/<int:entry_id>/reversal", methods=["GET", "POST"])
@signers
def new_reversal(entry_id: int) -> ResponseReturnValue:
    """What the reversal would book, and the reason for it."""
    entry = get_entry(entry_id)
    waiting = find_proposal_about(entry_id)
    if waiting is not None and waiting.is_waiting:
        return redirect(url_for(".show_entry_proposal", proposal_id=waiting.id))
    form = ReversalForm()
    if form.validate_on_submit():
        try:
            with transaction():
                proposal = propose_reversal(
                    entry_id, reason=form.reason.data or "", by=current_user.id, at=now()
                )
        except ReversalWaiting as error:
            flash(explain(error), "bad")
            return redirect(url_for(".show_entry", entry_id=entry_id))
        except DomainError as error:
            form.refuse("reason", error)
        else:
            flash(_("Proposed. A colleague has to sign it."), "ok")
            return redirect(url_for(".show_entry_proposal", proposal_id=proposal.id))
    return render_form(
        "admin/new_reversal.html",
        form,
        entry=entry,
        description=description,
        kind_name=kind_name,
        lines=shown(mirror(entry)),
        total=total_of(mirror(entry)),
        is_reversible=find_reversible(entry.kind) is not None and not entry.reversed_by_id,
        elsewhere=elsewhere(entry),
        today=today_in_seoul(now()),
    )


@bp.route("/ledger/adjustments/new", methods=["GET", "POST"])
@signers
def new_adjustment() -> ResponseReturnValue:
    form = AdjustmentForm()
    if form.validate_on_submit():
        proposal = _kept(form, None)
        if proposal is not None:
            flash(_("Proposed. A colleague has to sign it."), "ok")
            return redirect(url_for(".show_entry_proposal", proposal_id=proposal.id))
    return _edit(form)


@bp.route("/ledger/proposals/<int:proposal_id>/edit", methods=["GET", "POST"])
@signers
def edit_adjustment(proposal_id: int) -> ResponseReturnValue:
    proposal = get_entry_proposal(proposal_id)
    if proposal.kind != ADJUSTMENT:
        abort(404)
    form = AdjustmentForm(obj=proposal)
    if form.is_submitted():
        if form.validate() and _kept(form, proposal) is not None:
            flash(_("Changed. What was read before can no longer be signed."), "ok")
            return redirect(url_for(".show_entry_proposal", proposal_id=proposal_id))
    else:
        lines = lines_of(proposal)
        form.currency.data = lines[0].amount.currency
        form.fill_lines(lines)
    return _edit(form, proposal)


@bp.get("/ledger/proposals/<int:proposal_id>")
@readers
def show_entry_proposal(proposal_id: int) -> ResponseReturnValue:
    """What would be booked, why, who proposed it and who has to sign. An unknown one is a 404."""
    proposal = get_entry_proposal(proposal_id)
    people = (proposal.proposed_by, proposal.approved_by, proposal.withdrawn_by)
    return render_template(
        "admin/show_entry_proposal.html",
        proposal=proposal,
        title=proposal_name(proposal),
        lines=shown(lines_of(proposal)),
        total=total_of(lines_of(proposal)),
        reversed_entry=find_entry(proposal.reverses_id) if proposal.reverses_id else None,
        booked=find_entry(proposal.entry_id) if proposal.entry_id else None,
        names=names_of([person for person in people if person]),
        description=description,
        kind_name=kind_name,
        signature=SignatureForm(formdata=None),
        me=current_user.id,
        may_act=current_user.has_role(Role.ADMIN),
        is_late=proposal.is_waiting and _is_late(proposal),
    )


def _is_late(proposal: LedgerEntryProposal) -> bool:
    """Whether its month was closed for good while it waited; a reversal is booked today."""
    state = states_of_months().get(month_of(proposal.effective_on))
    return proposal.reverses_id is None and state is PeriodState.CLOSED


@bp.post("/ledger/proposals/<int:proposal_id>/approval")
@signers
@asks_code
def new_entry_approval(proposal_id: int) -> ResponseReturnValue:
    proposal = get_entry_proposal(proposal_id)
    form = SignatureForm()
    try:
        with transaction():
            entry_id = approve_entry(
                proposal, by=current_user.id, body_sha256=form.body.data or "", at=now()
            )
    except DomainError as error:
        flash(explain(error), "bad")
        return redirect(url_for(".show_entry_proposal", proposal_id=proposal_id))
    flash(_("Signed and booked. Both names stand on the entry."), "ok")
    return redirect(url_for(".show_entry", entry_id=entry_id))


@bp.post("/ledger/proposals/<int:proposal_id>/withdrawal")
@signers
def new_entry_withdrawal(proposal_id: int) -> ResponseReturnValue:
    proposal = get_entry_proposal(proposal_id)
    try:
        with transaction():
            withdraw_entry(proposal, by=current_user.id, at=now())
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("Withdrawn. Nothing is booked."), "ok")
    return redirect(url_for(".show_entry_proposal", proposal_id=proposal_id))


def proposal_name(proposal: LedgerEntryProposal) -> str:
    if proposal.kind == ADJUSTMENT:
        return str(_("Adjustment: %(memo)s", memo=proposal.memo))
    return proposal.memo


def elsewhere(entry: Entry) -> Elsewhere | None:
    """Where a mistake in `entry` is put right, where people do not reverse it themselves."""
    if find_reversible(entry.kind) is not None:
        return None
    stripe = _("Stripe moved this money, so the books follow Stripe. Give money back there:")
    bank = _("Whether this money left is for the bank to say. Note what the bank did there:")
    program = _("Money of a program is decided and given back there, by two people:")
    reasons: dict[str, str] = {
        "sale": stripe,
        "stripe_fee": stripe,
        "refund": stripe,
        "refund_failed": stripe,
        "unwanted_payment": stripe,
        "unwanted_payment_returned": stripe,
        "release": _("A release is taken back by a refund, part by part. Start it there:"),
        "payout": bank,
        "payout_settled": bank,
        "payout_rejected": bank,
        "clawback_netted": bank,
        "pledge": _("A promise stands as it was made. What came of it is noted there:"),
        "allocation": program,
        "allocation_returned": program,
        "disbursement": program,
        "disbursement_settled": program,
    }
    document = (
        document_url(entry.ref_kind, entry.ref_id),
        document_name(entry.ref_kind, entry.ref_id),
    )
    if entry.kind in reasons and document[0]:
        return Elsewhere(reasons[entry.kind], *document)
    return Elsewhere(
        _("This kind of entry is not reversed by hand. Book what is missing by an adjustment:"),
        url_for(".new_adjustment"),
        _("Propose an adjustment"),
        acts=True,
    )


def _kept(form: AdjustmentForm, proposal: LedgerEntryProposal | None) -> LedgerEntryProposal | None:
    """Write the proposal, new or changed; a refusal stands beside its field."""
    assert form.effective_on.data is not None
    facts = {
        "effective_on": form.effective_on.data,
        "memo": form.memo.data or "",
        "reason": form.reason.data or "",
        "by": current_user.id,
        "at": now(),
    }
    lines = form.lines()
    try:
        with transaction():
            if proposal is None:
                return propose_adjustment(lines, **facts)
            revise_adjustment(proposal, lines, **facts)
            return proposal
    except (EntryDayInFuture, EntryDayBeforeBooks, PeriodClosed) as error:
        form.refuse("effective_on", error)
    except EntryMemoMissing as error:
        form.refuse("memo", error)
    except EntryReasonMissing as error:
        form.refuse("reason", error)
    except (Unbalanced, OneSided, NothingMoves, FundsUncovered) as error:
        form.refuse("debit_1", error)
    except (Overdrawn, NotByHand) as error:
        form.refuse(_row_of(form, str(error.facts["path"])), error)
    except AccountClosed as error:
        form.refuse(_row_of(form, str(error.facts["code"]).rpartition(":")[0]), error)
    return None


def _row_of(form: AdjustmentForm, path: str) -> str:
    for account, _debit, _credit in form.filled():
        if account.data == path or str(account.data).startswith(f"{path}:"):
            return str(account.name)
    return "account_1"


def _edit(form: AdjustmentForm, proposal: LedgerEntryProposal | None = None) -> ResponseReturnValue:
    known = {row.account.path for row in list_accounts()}
    known |= {rule.pattern for rule in CHART if "*" not in rule.pattern}
    known = {path for path in known if is_adjustable(Line(path, won(1)))}
    if not form.effective_on.errors and not form.effective_on.data and not form.is_submitted():
        form.effective_on.data = today_in_seoul(now())
    return render_form("admin/edit_adjustment.html", form, proposal=proposal, known=sorted(known))
