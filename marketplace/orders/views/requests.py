"""What a buyer says of a parcel: cancel it, take it back, it has not arrived."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Conflict
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.orders.errors import AlreadyDelivered, NotShipped
from marketplace.orders.forms import RequestForm
from marketplace.orders.models import Parcel, ParcelRequest, RequestKind, RequestReason
from marketplace.orders.operations import (
    ask_cancellation,
    ask_return,
    report_missing,
    withdraw_request,
)
from marketplace.orders.policies import return_until
from marketplace.orders.queries import get_order_of, get_parcel, get_request
from marketplace.orders.views.blueprint import bp
from marketplace.orders.views.orders import gather, photos_of
from marketplace.web.access import signed_in
from marketplace.web.errors import explain
from marketplace.web.forms import render_form


@bp.route(
    "/orders/<number>/parcels/<parcel_number>/<any(cancellation, return):wish>",
    methods=["GET", "POST"],
)
@signed_in
def new_request(number: str, parcel_number: str, wish: str) -> ResponseReturnValue:
    """Ask for the money of a parcel; staff answer with a refund, or say why not."""
    order = get_order_of(current_user.id, number)
    parcel = get_parcel(order, parcel_number)
    kind = RequestKind(wish)
    form = RequestForm()
    form.offer(kind)
    if form.validate_on_submit():
        try:
            with transaction():
                _ask(parcel, kind, form)
        except Conflict as error:
            flash(explain(error), "wait")
        else:
            flash(_("We have your request. The answer will be here and in your mail."), "ok")
        return redirect(url_for(".show_order", number=number))
    view = gather(order)
    if view.may_ask(parcel, now()) is not kind:
        return redirect(url_for(".show_order", number=number))
    if not form.is_submitted() and kind is RequestKind.CANCELLATION:
        form.reason.data = form.reason.data or RequestReason.CHANGED_MIND.value
    return render_form(
        "orders/ask.html",
        form,
        order=order,
        parcel=parcel,
        kind=kind,
        photos=photos_of([parcel]),
        left=won(view.left[parcel.id].total),
        back=view.given_back[parcel.id],
        goods_left=view.goods_left(parcel),
        until=return_until(parcel.delivered_at) if parcel.delivered_at else None,
    )


def _ask(parcel: Parcel, kind: RequestKind, form: RequestForm) -> ParcelRequest:
    ask = ask_cancellation if kind is RequestKind.CANCELLATION else ask_return
    reason = RequestReason(form.reason.data)
    return ask(parcel, reason, (form.details.data or "").strip(), at=now())


@bp.post("/orders/<number>/parcels/<parcel_number>/requests/<int:request_id>/withdrawal")
@signed_in
def new_withdrawal(number: str, parcel_number: str, request_id: int) -> ResponseReturnValue:
    """Take back a request that is not answered yet."""
    order = get_order_of(current_user.id, number)
    asked = get_request(get_parcel(order, parcel_number), request_id)
    try:
        with transaction():
            withdraw_request(asked, at=now())
    except Conflict as error:
        flash(explain(error), "wait")
    else:
        flash(_("You took your request back."), "ok")
    return redirect(url_for(".show_order", number=number))


@bp.post("/orders/<number>/parcels/<parcel_number>/missing")
@signed_in
def miss_parcel(number: str, parcel_number: str) -> ResponseReturnValue:
    """The buyer says that the parcel has not arrived."""
    order = get_order_of(current_user.id, number)
    parcel = get_parcel(order, parcel_number)
    try:
        with transaction():
            report_missing(parcel, at=now())
    except (NotShipped, AlreadyDelivered) as error:
        flash(explain(error), "wait")
    else:
        flash(_("Thank you for telling us. We and the cooperative look for your parcel."), "ok")
    return redirect(url_for(".show_order", number=number))
