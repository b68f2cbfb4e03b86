"""Payouts for the staff: gather, sign, hand to the bank, settle or send back."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, Response, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.accounts.queries import find_people
from marketplace.accounts.signing import asks_code
from marketplace.cooperatives.policies import BANKS
from marketplace.kernel.config import Config
from marketplace.kernel.db import transaction
from marketplace.kernel.money import Money, rupiah, total, won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import entry_number
from marketplace.orders import bankfile
from marketplace.orders.errors import (
    BatchCanceled,
    BatchChanged,
    BatchReleased,
    CooperativeNotReady,
    NothingToPay,
    PaidImplausible,
    PayoutNotOnItsWay,
    PayoutSelfApproval,
    SenderUnknown,
    SettledOutOfTime,
)
from marketplace.orders.forms import (
    GatherForm,
    PayoutSettlementForm,
    RejectionForm,
    ReleaseForm,
)
from marketplace.orders.models import Payout, PayoutBatch
from marketplace.orders.operations import (
    cancel_batch,
    gather_payouts,
    reject_payout,
    release_batch,
    settle_payout,
)
from marketplace.orders.queries.candidates import list_candidates
from marketplace.orders.queries.payouts import (
    bank_payouts,
    get_batch,
    get_payout,
    list_batches,
    list_on_the_way,
    on_the_way,
    sources_of,
)
from marketplace.orders.views import payout_words as words
from marketplace.web.downloads import offer
from marketplace.web.errors import explain
from marketplace.web.forms import render_form
from marketplace.web.paging import Page, page_number

bp = Blueprint("payouts_admin", __name__, url_prefix="/admin/payouts")

log = structlog.get_logger()
SIZE = 20


def settings() -> Config:
    config: Config = current_app.config["LUMBUNG"]
    return config


@bp.get("/")
@staff(Role.ADMIN, Role.AUDITOR)
def list_payouts() -> ResponseReturnValue:
    return _list(GatherForm(formdata=None))


@bp.post("/")
@staff(Role.ADMIN)
def new_batch() -> ResponseReturnValue:
    form = GatherForm()
    if form.validate_on_submit():
        try:
            with transaction():
                batch = gather_payouts(
                    rupiah(settings().payout_minimum_rupiah),
                    cooperative_ids=form.cooperative.data or [],
                    by=current_user.id,
                    form_key=form.form_key.data,
                    at=now(),
                )
        except (CooperativeNotReady, NothingToPay) as error:
            form.refuse("cooperative", error)
        else:
            flash(_("Gathered. A colleague has to sign the batch before anything is paid."), "ok")
            return redirect(url_for(".show_batch", number=batch.number))
    return _list(form)


def _list(form: GatherForm) -> ResponseReturnValue:
    minimum = rupiah(settings().payout_minimum_rupiah)
    candidates = list_candidates(minimum)
    ready = [row for row in candidates if row.hindrance is None]
    number = page_number()
    rows, count = list_batches(page=number, size=SIZE)
    chosen = form.cooperative.data if form.is_submitted() else [r.cooperative.id for r in ready]
    return render_form(
        "orders/payouts.html",
        form,
        ready=ready,
        hindered=[row for row in candidates if row.hindrance is not None],
        chosen=set(chosen or []),
        minimum=minimum,
        sums={
            "payable": total([row.payable for row in candidates], "IDR"),
            "clawback": total([row.clawback for row in candidates], "IDR"),
            "on_the_way": on_the_way(),
            "ready": total([row.amount for row in ready], "IDR"),
        },
        on_the_way=list_on_the_way(),
        page=Page(rows, count, number, SIZE),
        page_url=lambda page: url_for(".list_payouts", page=page),
        files=offer("payouts"),
        people=find_people({row.proposed_by for row in rows}),
        words=words,
        banks=BANKS,
        amount_of=amount_of,
        may_act=current_user.has_role(Role.ADMIN),
    )


def amount_of(batch: PayoutBatch) -> Money:
    return total([row.amount for row in batch.payouts], "IDR")


@bp.get("/batches/<number>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_batch(number: str) -> ResponseReturnValue:
    return _show_batch(get_batch(number), None)


@bp.post("/batches/<number>/release")
@staff(Role.ADMIN)
@asks_code
def new_release(number: str) -> ResponseReturnValue:
    batch = get_batch(number)
    form = ReleaseForm()
    if form.validate_on_submit():
        try:
            with transaction():
                release_batch(batch, body_sha256=form.body.data or "", by=current_user.id, at=now())
        except (BatchCanceled, BatchChanged, BatchReleased, PayoutSelfApproval) as error:
            form.refuse("checked", error)
        else:
            flash(_("Signed. Now hand the bank file to the bank."), "ok")
            return redirect(url_for(".show_batch", number=number))
    return _show_batch(get_batch(number), form)


@bp.post("/batches/<number>/cancellation")
@staff(Role.ADMIN)
def new_cancellation(number: str) -> ResponseReturnValue:
    try:
        with transaction():
            cancel_batch(get_batch(number), by=current_user.id, at=now())
    except BatchReleased as error:
        flash(explain(error), "bad")
    else:
        flash(_("The batch was canceled. Nothing was paid."), "ok")
    return redirect(url_for(".show_batch", number=number))


@bp.get("/batches/<number>/bank-file.<any(csv, xml):kind>")
@staff(Role.ADMIN)
def show_bank_file(number: str, kind: str) -> ResponseReturnValue:
    """The only place where account numbers are told, once the batch agrees with the ledger."""
    batch = get_batch(number)
    payouts = bank_payouts(batch)
    if kind == "csv":
        body: str | bytes = bankfile.as_csv(payouts)
    else:
        sender = settings().payout_from
        if sender is None:
            raise SenderUnknown
        body = bankfile.as_pain001(
            batch.number, payouts, sender, released_at=batch.released_at or now()
        )
    log.info("bank file downloaded", batch=batch.number, kind=kind, by=current_user.id)
    return Response(
        body,
        mimetype="text/csv" if kind == "csv" else "application/xml",
        headers={
            "Content-Disposition": f'attachment; filename="{batch.number}.{kind}"',
            "Cache-Control": "no-store",
        },
    )


def _show_batch(batch: PayoutBatch, form: ReleaseForm | None) -> ResponseReturnValue:
    may_act = current_user.has_role(Role.ADMIN)
    is_mine = batch.proposed_by == current_user.id
    fresh = form is None or form.body.data == batch.body_sha256
    if form is None or not fresh:
        # What the page shows now is what the next signature is for.
        errors = form.checked.errors if form else []
        form = ReleaseForm(formdata=None, data={"body": batch.body_sha256})
        form.checked.errors = errors
    return render_form(
        "orders/payout_batch.html",
        form,
        batch=batch,
        amount=amount_of(batch),
        state=words.batch_state(batch),
        words=words,
        banks=BANKS,
        people=find_people({batch.proposed_by, batch.released_by or 0, batch.canceled_by or 0}),
        is_mine=is_mine,
        may_act=may_act,
        may_sign=may_act and batch.is_waiting and not is_mine,
        has_sender=settings().payout_from is not None,
    )


@bp.get("/<number>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_payout(number: str) -> ResponseReturnValue:
    return _show(get_payout(number))


@bp.post("/<number>/settlement")
@staff(Role.ADMIN)
def new_settlement(number: str) -> ResponseReturnValue:
    payout = get_payout(number)
    form = PayoutSettlementForm(prefix="settle-")
    if form.validate_on_submit() and form.on.data:
        try:
            with transaction():
                settle_payout(
                    payout,
                    paid=won(form.paid.data or 0),
                    fee=won(form.fee.data or 0),
                    on=form.on.data,
                    reference=form.reference.data or "",
                    by=current_user.id,
                    at=now(),
                )
        except SettledOutOfTime as error:
            form.refuse("on", error)
        except PaidImplausible as error:
            form.refuse("paid", error)
        except PayoutNotOnItsWay as error:
            form.refuse("reference", error)
        else:
            flash(_("Settled. The exchange result and the bank fee are booked."), "ok")
            return redirect(url_for(".show_payout", number=number))
    return _show(payout, settlement=form)


@bp.post("/<number>/rejection")
@staff(Role.ADMIN)
def new_rejection(number: str) -> ResponseReturnValue:
    payout = get_payout(number)
    form = RejectionForm(prefix="reject-")
    if form.validate_on_submit():
        try:
            with transaction():
                reject_payout(payout, reason=form.reason.data or "", by=current_user.id, at=now())
        except PayoutNotOnItsWay as error:
            form.refuse("reason", error)
        else:
            flash(_("The money is payable again, and the cooperative was told."), "ok")
            return redirect(url_for(".show_payout", number=number))
    return _show(payout, rejection=form)


def _show(
    payout: Payout,
    *,
    settlement: PayoutSettlementForm | None = None,
    rejection: RejectionForm | None = None,
) -> ResponseReturnValue:
    form: Any = settlement or rejection
    settlement = settlement or PayoutSettlementForm(
        formdata=None, prefix="settle-", data={"on": today_in_seoul(now())}
    )
    rejection = rejection or RejectionForm(formdata=None, prefix="reject-")
    batch = payout.batch
    return render_form(
        "orders/payout.html",
        form or settlement,
        payout=payout,
        batch=batch,
        settlement=settlement,
        rejection=rejection,
        words=words,
        bank=BANKS.get(payout.bank_code or ""),
        sources=sources_of([payout.entry_id, payout.netting_entry_id]),
        people=find_people(
            {
                batch.proposed_by,
                batch.released_by or 0,
                payout.settled_by or 0,
                payout.rejected_by or 0,
            }
        ),
        entries=[
            key
            for key in (
                payout.netting_entry_id,
                payout.entry_id,
                payout.settlement_entry_id,
                payout.rejection_entry_id,
            )
            if key
        ],
        entry_number=entry_number,
        has_entries="admin.show_entry" in current_app.view_functions,
        may_act=current_user.has_role(Role.ADMIN),
    )
