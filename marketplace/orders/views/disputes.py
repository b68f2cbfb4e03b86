"""Disputes for the staff: what buyers' banks took back, and who bears what was lost."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.accounts.queries import find_people
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now
from marketplace.ledger.queries import Entry, entries_about, entry_number
from marketplace.orders.errors import DisputeRuled
from marketplace.orders.forms import RulingForm
from marketplace.orders.operations import rule_dispute
from marketplace.orders.queries.disputes import (
    get_dispute,
    get_loss,
    list_losses,
    parts_of_dispute,
)
from marketplace.orders.queries.disputes import list_disputes as find_disputes
from marketplace.payments.models import Dispute
from marketplace.web.downloads import offer
from marketplace.web.forms import render_form
from marketplace.web.paging import Page, page_number

bp = Blueprint("disputes_admin", __name__, url_prefix="/admin/disputes")

SIZE = 30


@bp.get("/")
@staff(Role.ADMIN, Role.AUDITOR)
def list_disputes() -> ResponseReturnValue:
    number = page_number()
    rows, count = find_disputes(page=number, size=SIZE)
    return render_template(
        "orders/disputes.html",
        page=Page(rows, count, number, SIZE),
        page_url=lambda page: url_for(".list_disputes", page=page),
        files=offer("disputes"),
        state=state_of,
        reason=reason_name,
    )


@bp.get("/<dispute_id>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_dispute(dispute_id: str) -> ResponseReturnValue:
    return _show(dispute_id)


@bp.post("/<dispute_id>/parcels/<parcel_number>/ruling")
@staff(Role.ADMIN)
def new_ruling(dispute_id: str, parcel_number: str) -> ResponseReturnValue:
    """Say who bears the loss of one parcel, with a reason."""
    loss = get_loss(dispute_id, parcel_number)
    form = RulingForm(prefix=f"{parcel_number}-")
    if form.validate_on_submit():
        try:
            with transaction():
                rule_dispute(
                    loss,
                    is_at_fault=form.fault.data == "yes",
                    reason=form.reason.data or "",
                    by=current_user.id,
                    at=now(),
                )
        except DisputeRuled as error:
            form.refuse("fault", error)
        else:
            flash(_("Decided and booked."), "ok")
            return redirect(url_for(".show_dispute", dispute_id=dispute_id))
    return _show(dispute_id, parcel_number, form)


def _show(
    dispute_id: str, refused: str | None = None, refused_form: RulingForm | None = None
) -> ResponseReturnValue:
    dispute, order_number = get_dispute(dispute_id)
    losses = list_losses(dispute_id)
    forms = {
        loss.parcel.number: RulingForm(formdata=None, prefix=f"{loss.parcel.number}-")
        for loss in losses
        if loss.waits
    }
    if refused and refused_form:
        forms[refused] = refused_form
    return render_form(
        "orders/dispute.html",
        refused_form or RulingForm(formdata=None),
        dispute=dispute,
        order_number=order_number,
        state=state_of(dispute),
        reason=reason_name(dispute.reason),
        losses=[(loss, parts_of_dispute(loss)) for loss in losses],
        forms=forms,
        entries=[
            entry for entry in entries_about("order", order_number) if _is_about(entry, dispute)
        ],
        entry_number=entry_number,
        has_entries="admin.show_entry" in current_app.view_functions,
        people=find_people({loss.ruled_by or 0 for loss in losses}),
        may_act=current_user.has_role(Role.ADMIN),
    )


def _is_about(entry: Entry, dispute: Dispute) -> bool:
    parts = entry.idem_key.split(":")
    return entry.kind.startswith("dispute_") and parts[1:2] == [dispute.id]


def state_of(dispute: Dispute) -> tuple[str, str]:
    """How a dispute stands, and the look of its badge."""
    names: dict[str, tuple[str, str]] = {
        "won": (_("decided for us"), "ok"),
        "lost": (_("decided against us"), "bad"),
        "warning_closed": (_("closed without a claim"), "plain"),
        "prevented": (_("prevented"), "plain"),
        "under_review": (_("the bank is looking at it"), "wait"),
        "warning_under_review": (_("the bank is looking at it"), "wait"),
        "appeal_under_review": (_("the bank is looking at it"), "wait"),
    }
    return names.get(dispute.status, (_("waits for our answer at Stripe"), "wait"))


def reason_name(reason: str) -> str:
    """Why the buyer's bank took the money back, in the reader's words."""
    names: dict[str, str] = {
        "duplicate": _("paid twice"),
        "fraudulent": _("the cardholder did not buy this"),
        "product_not_received": _("the goods did not arrive"),
        "product_unacceptable": _("the goods are not as described"),
        "credit_not_processed": _("a refund did not arrive"),
        "subscription_canceled": _("canceled"),
        "unrecognized": _("the cardholder does not know the payment"),
    }
    other: str = _("another reason")
    return names.get(reason, other)
