from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role, User
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.orders.errors import (
    DisputeOpen,
    NotPaid,
    RefundMeanwhile,
    RefundTooLarge,
    RefundUnderway,
    RequestAnswered,
)
from marketplace.orders.forms import REASONS, RefundForm, RefusalForm
from marketplace.orders.hooks import staff_sections
from marketplace.orders.models import Order, OrderRefund, OrderState, ParcelState
from marketplace.orders.operations import refund_order_part, refuse_request
from marketplace.orders.queries import get_order, get_parcel, get_request
from marketplace.orders.queries import list_orders as find_orders
from marketplace.orders.views.orders import OrderView, gather, has_canceled, is_to_cancel
from marketplace.payments.flows import send_refund
from marketplace.payments.models import Refund, RefundState
from marketplace.payments.queries import find_refund, list_refunds_of
from marketplace.statements.wording import description
from marketplace.web.access import kept_for
from marketplace.web.downloads import offer
from marketplace.web.errors import explain
from marketplace.web.forms import render_form
from marketplace.web.paging import Page, page_number

bp = Blueprint("orders_admin", __name__, url_prefix="/admin/orders")

SIZE = 30


@bp.get("/")
@staff(Role.ADMIN, Role.AUDITOR)
def list_orders() -> ResponseReturnValue:
    wanted, number = wanted_orders(), page_number()
    rows, count = find_orders(**wanted, page=number, size=SIZE)
    return render_template(
        "orders/admin_list.html",
        page=Page(rows, count, number, SIZE),
        page_url=lambda page: url_for(".list_orders", **wanted, page=page),
        **wanted,
        states=list(OrderState),
        state_name=state_name,
        files=offer("orders", **wanted),
    )


def state_name(state: OrderState) -> str:
    names: dict[OrderState, str] = {
        OrderState.AWAITING_PAYMENT: _("awaiting payment"),
        OrderState.PAID: _("paid"),
        OrderState.CANCELED: _("canceled"),
    }
    return names[state]


def wanted_orders() -> dict[str, Any]:
    """What the reader narrowed the list down by, as `list_orders` takes it."""
    state = request.args.get("state", "")
    return {
        "state": OrderState(state) if state in set(OrderState) else None,
        "number": request.args.get("number", "")[:30],
    }


@bp.get("/<number>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_order(number: str) -> ResponseReturnValue:
    return _show(get_order(number))


@bp.post("/<number>/parcels/<parcel_number>/refunds")
@staff(Role.ADMIN)
def new_refund(number: str, parcel_number: str) -> ResponseReturnValue:
    """Decide a refund and commit it; then ask Stripe, whose yes is booked in the ledger."""
    order = get_order(number)
    parcel = get_parcel(order, parcel_number)
    form = RefundForm()
    if form.validate_on_submit():
        try:
            with transaction():
                refund = refund_order_part(
                    order,
                    parcel,
                    form.money(),
                    reason=form.reason.data or "",
                    by=current_user,
                    seen=form.seen.data,
                    at=now(),
                )
        except (DisputeOpen, RefundMeanwhile, RefundTooLarge, NotPaid) as error:
            form.refuse("amount", error)
        else:
            _send(refund)
            return redirect(url_for(".show_order", number=number))
    return _show(order, parcel_number, refund_form=form)


@bp.post("/<number>/parcels/<parcel_number>/requests/<int:request_id>/refusal")
@staff(Role.ADMIN)
def new_refusal(number: str, parcel_number: str, request_id: int) -> ResponseReturnValue:
    """Say no to what a buyer asks, in words that the buyer reads."""
    order = get_order(number)
    asked = get_request(get_parcel(order, parcel_number), request_id)
    form = RefusalForm()
    if form.validate_on_submit():
        try:
            with transaction():
                refuse_request(asked, (form.why.data or "").strip(), by=current_user, at=now())
        except (RequestAnswered, RefundUnderway) as error:
            flash(explain(error), "wait")
        else:
            flash(_("The request was refused. The buyer was told."), "ok")
        return redirect(url_for(".show_order", number=number))
    return _show(order, parcel_number, refusal_form=form)


@bp.post("/<number>/refunds/<refund_number>/sending")
@staff(Role.ADMIN)
def send_again(number: str, refund_number: str) -> ResponseReturnValue:
    """Ask Stripe once more for a refund it has not answered; the same key, so never twice."""
    order = get_order(number)
    refund = next((row for row in gather(order).refunds if row.number == refund_number), None)
    if refund is not None:
        _send(refund)
    return redirect(url_for(".show_order", number=number))


def _send(decided: OrderRefund) -> None:
    planned = find_refund(decided.number)
    if planned is None or planned.state is not RefundState.CREATED:
        return
    sent = send_refund(planned, at=now())
    if sent.state is RefundState.CREATED:
        flash(_("Stripe does not answer. The refund is kept and will be sent again."), "wait")
    elif sent.state is RefundState.FAILED:
        flash(_("Stripe refused the refund: %(reason)s", reason=sent.failure), "bad")
    else:
        flash(_("Refund %(number)s was accepted.", number=decided.number), "ok")


def staff_headline(view: OrderView) -> str:
    """The state of an order as a sentence for the staff; parcels with no goods left say nothing."""
    wanted = [parcel for parcel in view.parcels if view.left[parcel.id].goods]
    states = {parcel.state for parcel in wanted}
    canceled = has_canceled(view.parcels, view.left)
    waiting = [parcel for parcel in wanted if parcel.state is ParcelState.WAITING]
    sentence = _("Paid; the cooperatives have yet to send it.")
    if view.order.state is OrderState.AWAITING_PAYMENT:
        sentence = _("Waits for the buyer's payment.")
    elif view.order.state is OrderState.CANCELED:
        sentence = _("Canceled.")
    elif not states:
        sentence = _("All goods were refunded.")
    elif states == {ParcelState.DELIVERED}:
        sentence = (
            _("Everything has arrived at the buyer except what was canceled.")
            if canceled
            else _("Everything has arrived at the buyer.")
        )
    elif not waiting:
        sentence = (
            _("Everything was sent except what was canceled; not all has arrived.")
            if canceled
            else _("Everything was sent; not all has arrived.")
        )
    elif len(states) > 1:
        is_unwanted = all(is_to_cancel(view.requests.get(parcel.id)) for parcel in waiting)
        sentence = (
            _("Sent in part; the buyer asks to cancel the rest.")
            if is_unwanted
            else _("Sent in part.")
        )
    return str(sentence)


def _kept(view: OrderView) -> tuple[str | None, RefundForm | None, RefusalForm | None]:
    """The parcel and the form that were sent when the session had ended."""
    sent_to = kept_for() or ""
    for parcel in view.parcels:
        place = f"/parcels/{parcel.number}/"
        if sent_to.endswith(f"{place}refunds"):
            return parcel.number, RefundForm(), None
        if f"{place}requests/" in sent_to:
            return parcel.number, None, RefusalForm()
    return None, None, None


def _show(
    order: Order,
    parcel_number: str | None = None,
    *,
    refund_form: RefundForm | None = None,
    refusal_form: RefusalForm | None = None,
) -> ResponseReturnValue:
    view = gather(order)
    if request.method == "GET":
        parcel_number, refund_form, refusal_form = _kept(view)
    sent: dict[str, Refund] = {
        row.reference: row for row in list_refunds_of([payment.id for payment in view.payments])
    }
    return render_form(
        "orders/admin_show.html",
        refund_form or refusal_form or RefundForm(formdata=None),
        refund_form=refund_form or RefundForm(formdata=None),
        refusal_form=refusal_form or RefusalForm(formdata=None),
        order=order,
        view=view,
        headline=staff_headline(view),
        description=description,
        buyer=db.session.get_one(User, order.user_id),
        refused_parcel=parcel_number,
        left={parcel_id: won(parts.total) for parcel_id, parts in view.left.items()},
        sent=sent,
        reasons=REASONS,
        sections=staff_sections(order),
        may_refund=current_user.has_role(Role.ADMIN),
        links_entries="admin.show_entry" in current_app.view_functions,
    )
