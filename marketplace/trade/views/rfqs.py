"""Requests and offers as the partner sees them."""

from __future__ import annotations

import structlog
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import partner
from marketplace.accounts.models import Organization
from marketplace.kernel.db import transaction
from marketplace.kernel.ids import random_code
from marketplace.kernel.time import now
from marketplace.trade import operations, queries
from marketplace.trade.errors import (
    AlreadyAccepted,
    QuotationExpired,
    QuotationReplaced,
    RequestClosed,
)
from marketplace.trade.forms import AcceptForm, DeclineForm, MessageForm
from marketplace.trade.models import Side
from marketplace.trade.views.exports import trade
from marketplace.trade.views.paper import show_paper
from marketplace.trade.views.thread import deal_figures, read_thread
from marketplace.web.forms import Form
from marketplace.web.locale import current_language
from marketplace.web.paging import Page, page_number

log = structlog.get_logger()

PAGE_SIZE = 25


@trade.get("/rfqs")
@partner
def list_rfqs(organization: Organization) -> ResponseReturnValue:
    number = page_number()
    rows, count = queries.list_partner_rfqs(
        organization, current_language(), number=number, size=PAGE_SIZE
    )
    return render_template(
        "trade/list_rfqs.html",
        page=Page(rows, count, number, PAGE_SIZE),
        address=lambda number: url_for(".list_rfqs", page=number),
    )


@trade.route("/rfqs/<number>", methods=["GET", "POST"])
@partner
def show_rfq(organization: Organization, number: str) -> ResponseReturnValue:
    rfq = queries.get_partner_rfq(organization, number)
    form = MessageForm(form_key=random_code(16))
    if form.validate_on_submit():
        try:
            with transaction():
                operations.answer_rfq(
                    rfq,
                    Side.PARTNER,
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
            return redirect(url_for(".show_rfq", number=number))
    return _page(organization, number, message=form)


@trade.route("/quotations/<number>/acceptance", methods=["GET", "POST"])
@partner
def accept_quotation(organization: Organization, number: str) -> ResponseReturnValue:
    rfq = queries.get_partner_rfq(organization, queries.rfq_number_of(number))
    quotation = queries.get_quotation(rfq, number)
    form = AcceptForm()
    is_right = form.validate_on_submit()
    if form.is_submitted():
        try:
            if not is_right:
                operations.require_acceptable(quotation, rfq, at=now())
                return _page(organization, rfq.number, accept=form)
            with transaction():
                operations.accept_quotation(
                    quotation, form.signer.data, by=current_user.id, at=now()
                )
        except (QuotationExpired, QuotationReplaced, AlreadyAccepted, RequestClosed) as error:
            form.refuse_whole(error)
        else:
            log.info("quotation accepted", number=number, by=current_user.id)
            flash(_("The offer is accepted. Both sides get a mail now."), "ok")
            return redirect(url_for(".show_rfq", number=rfq.number))
    return _page(organization, rfq.number, accept=form)


@trade.route("/rfqs/<number>/decline", methods=["GET", "POST"])
@partner
def decline_rfq(organization: Organization, number: str) -> ResponseReturnValue:
    rfq = queries.get_partner_rfq(organization, number)
    form = DeclineForm()
    if form.validate_on_submit():
        try:
            with transaction():
                operations.decline_rfq(
                    rfq,
                    Side.PARTNER,
                    form.reason.data or "",
                    locale=current_language(),
                    by=current_user.id,
                    at=now(),
                )
        except AlreadyAccepted as error:
            form.refuse("reason", error)
        else:
            log.info("rfq declined", number=number, by=current_user.id)
            flash(_("The request is closed. The cooperative gets a mail now."))
            return redirect(url_for(".show_rfq", number=number))
    return _page(organization, number, decline=form)


@trade.get("/quotations/<number>")
@partner
def show_quotation(organization: Organization, number: str) -> ResponseReturnValue:
    rfq = queries.get_partner_rfq(organization, queries.rfq_number_of(number))
    return show_paper(rfq, number)


def _page(
    organization: Organization,
    number: str,
    *,
    message: MessageForm | None = None,
    accept: AcceptForm | None = None,
    decline: DeclineForm | None = None,
) -> ResponseReturnValue:
    """The thread, read anew; the form that was sent keeps its values and errors."""
    rfq = queries.get_partner_rfq(organization, number)
    forms: dict[str, Form] = {
        "message": message or MessageForm(formdata=None, form_key=random_code(16)),
        "accept": accept or AcceptForm(formdata=None, signer=current_user.name),
        "decline": decline or DeclineForm(formdata=None),
    }
    thread = read_thread(rfq, current_language(), at=now())
    page = render_template(
        "trade/show_rfq.html",
        thread=thread,
        figures=deal_figures(thread),
        paper=lambda number: url_for(".show_quotation", number=number),
        **forms,
    )
    return page, 422 if any(form.is_refused for form in forms.values()) else 200
