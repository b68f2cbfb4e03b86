"""Requests as the cooperative sees them; made for phones."""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.cooperatives.access import member
from marketplace.cooperatives.models import Cooperative
from marketplace.cooperatives.policies import may
from marketplace.cooperatives.queries import find_membership
from marketplace.kernel.db import transaction
from marketplace.kernel.ids import random_code
from marketplace.kernel.time import now
from marketplace.trade import operations, queries
from marketplace.trade.errors import AlreadyAccepted, DayInThePast, DayTooFar, RequestClosed
from marketplace.trade.forms import DeclineForm, MessageForm, QuotationForm
from marketplace.trade.models import Rfq, Side
from marketplace.trade.policies import day_fault
from marketplace.trade.views.paper import show_paper
from marketplace.trade.views.thread import Thread, deal_figures, read_thread
from marketplace.web.forms import Form
from marketplace.web.locale import current_language
from marketplace.web.paging import Page, page_number

log = structlog.get_logger()

trade_desk = Blueprint("trade_desk", __name__, url_prefix="/c/<cooperative>/rfqs")

PAGE_SIZE = 25
USUAL_VALIDITY = timedelta(days=14)


@trade_desk.get("/")
@member("rfqs.view")
def list_rfqs(cooperative: Cooperative) -> ResponseReturnValue:
    number = page_number()
    rows, count = queries.list_received_rfqs(
        cooperative, current_language(), number=number, size=PAGE_SIZE
    )
    return render_template(
        "trade/list_received_rfqs.html",
        cooperative=cooperative,
        page=Page(rows, count, number, PAGE_SIZE),
        may_offer=_may(cooperative, "products.edit"),
        address=lambda number: url_for(".list_rfqs", cooperative=cooperative.slug, page=number),
    )


@trade_desk.get("/<number>")
@member("rfqs.view")
def show_rfq(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    return _page(cooperative, number)


@trade_desk.route("/<number>/messages", methods=["GET", "POST"])
@member("rfqs.answer")
def new_message(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    rfq = queries.get_received_rfq(cooperative, number)
    form = MessageForm(form_key=random_code(16))
    if form.validate_on_submit():
        try:
            with transaction():
                operations.answer_rfq(
                    rfq,
                    Side.COOPERATIVE,
                    form.body.data,
                    locale=current_language(),
                    form_key=form.form_key.data,
                    by=current_user.id,
                    at=now(),
                )
        except RequestClosed as error:
            form.refuse("body", error)
        else:
            log.info("rfq answered", number=number, by=current_user.id)
            flash(_("Your message was sent."), "ok")
            return redirect(url_for(".show_rfq", cooperative=cooperative.slug, number=number))
    return _page(cooperative, number, message=form)


@trade_desk.route("/<number>/quotations", methods=["GET", "POST"])
@member("rfqs.answer")
def new_quotation(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    rfq = queries.get_received_rfq(cooperative, number)
    form = _quotation_form(rfq)
    if form.is_submitted() and not form.validate():
        _name_faults(form, rfq)
    elif form.is_submitted():
        try:
            with transaction():
                quotation = operations.send_quotation(
                    rfq,
                    quantity=form.quantity.data,
                    unit_price=form.price,
                    incoterm=form.incoterm.data,
                    place=form.place.data,
                    lead_time_days=form.lead_time_days.data,
                    valid_until=form.valid_until.data,
                    note=form.note.data or "",
                    locale=current_language(),
                    form_key=form.form_key.data,
                    by=current_user.id,
                    at=now(),
                )
        except (DayInThePast, DayTooFar, RequestClosed):
            _name_faults(form, queries.get_received_rfq(cooperative, number))
        else:
            log.info("quotation sent", number=quotation.number, by=current_user.id)
            flash(_("The offer was sent. The buyer gets a mail now."), "ok")
            return redirect(url_for(".show_rfq", cooperative=cooperative.slug, number=number))
    return _page(cooperative, number, quotation=form)


@trade_desk.route("/<number>/decline", methods=["GET", "POST"])
@member("rfqs.answer")
def decline_rfq(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    rfq = queries.get_received_rfq(cooperative, number)
    form = DeclineForm()
    if form.validate_on_submit():
        try:
            with transaction():
                operations.decline_rfq(
                    rfq,
                    Side.COOPERATIVE,
                    form.reason.data or "",
                    locale=current_language(),
                    by=current_user.id,
                    at=now(),
                )
        except AlreadyAccepted as error:
            form.refuse("reason", error)
        else:
            log.info("rfq declined", number=number, by=current_user.id)
            flash(_("The request is closed. The buyer gets a mail now."))
            return redirect(url_for(".show_rfq", cooperative=cooperative.slug, number=number))
    return _page(cooperative, number, decline=form)


@trade_desk.get("/<number>/quotations/<quotation>")
@member("rfqs.view")
def show_quotation(cooperative: Cooperative, number: str, quotation: str) -> ResponseReturnValue:
    return show_paper(queries.get_received_rfq(cooperative, number), quotation)


def _name_faults(form: QuotationForm, rfq: Rfq) -> None:
    """Show what the rules say together with what the form says, so that one look is enough."""
    if rfq.is_closed:
        form.refuse_whole(RequestClosed())
    day = form.valid_until.data if not form.valid_until.errors else None
    zone = queries.zone_of(rfq.cooperative)
    if day and (fault := day_fault(day, at=now(), zone=zone)):
        form.refuse("valid_until", fault)


def _quotation_form(rfq: Rfq, thread: Thread | None = None) -> QuotationForm:
    """An offer to fill in: what was asked for, at the price of the export sheet."""
    if thread is not None and thread.newest is not None:
        last = thread.newest.quotation
        values = {
            "quantity": last.quantity,
            "unit_price": last.unit_price.major,
            "incoterm": last.incoterm,
            "place": last.place,
            "lead_time_days": last.lead_time_days,
        }
    else:
        profile = queries.find_profile(rfq.product_id)
        values = {"quantity": rfq.quantity, "incoterm": rfq.incoterm, "place": rfq.place}
        if profile is not None:
            values["lead_time_days"] = profile.lead_time_days
            if profile.incoterm == rfq.incoterm:
                values["unit_price"] = profile.price_for(rfq.quantity).major
    values |= {
        "valid_until": now().astimezone(queries.zone_of(rfq.cooperative)).date() + USUAL_VALIDITY,
        "form_key": random_code(16),
    }
    if thread is not None:
        return QuotationForm(formdata=None, **values)
    return QuotationForm(**values)


def _may(cooperative: Cooperative, permission: str) -> bool:
    membership = find_membership(current_user.id, cooperative.slug)
    return membership is not None and may(membership.role, permission)


def _page(
    cooperative: Cooperative,
    number: str,
    *,
    message: MessageForm | None = None,
    quotation: QuotationForm | None = None,
    decline: DeclineForm | None = None,
) -> ResponseReturnValue:
    """The thread, read anew; the form that was sent keeps its values and errors."""
    rfq = queries.get_received_rfq(cooperative, number)
    thread = read_thread(rfq, current_language(), at=now())
    forms: dict[str, Form] = {
        "message": message or MessageForm(formdata=None, form_key=random_code(16)),
        "quotation": quotation or _quotation_form(rfq, thread),
        "decline": decline or DeclineForm(formdata=None),
    }
    page = render_template(
        "trade/show_received_rfq.html",
        cooperative=cooperative,
        thread=thread,
        figures=deal_figures(thread),
        paper=lambda offer: url_for(
            ".show_quotation", cooperative=cooperative.slug, number=number, quotation=offer
        ),
        may_answer=_may(cooperative, "rfqs.answer"),
        is_quoting=quotation is not None,
        **forms,
    )
    return page, 422 if any(form.is_refused for form in forms.values()) else 200
