"""Whose money it was and where it went, for the staff: sections for the pages of other rooms."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template
from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.ledger.queries import Entry, entry_number
from marketplace.orders.models import Order, OrderState
from marketplace.reinvestment import queries
from marketplace.reinvestment.models import Program
from marketplace.reinvestment.postings import ALLOCATION, RETURN
from marketplace.reinvestment.queries import Followed
from marketplace.reinvestment.views import words

FEW = 10


def show_way_of(order: Order) -> Markup | str:
    """Where the village share of a paid order went."""
    return followed(queries.follow_order(order.number)) if order.state is OrderState.PAID else ""


def show_behind(entry: Entry) -> Markup | str:
    """Of an order or pledge, where its money went; of a program, whose money it was."""
    match entry.ref_kind, entry.ref_id:
        case "order", str(number):
            return followed(queries.follow_order(number))
        case "pledge", str(number):
            return followed(queries.follow_pledge(number))
        case "program", str(number):
            return _whose(entry, queries.get_program(number))
    return ""


def followed(found: Followed) -> Markup | str:
    """Each won of a share at its place now; nothing where there is no share."""
    if not found.trace.total:
        return ""
    return _render("reinvestment/_followed.html", found=found)


def _whose(entry: Entry, program: Program) -> Markup | str:
    if entry.kind in {ALLOCATION, RETURN}:
        return _shares(
            queries.list_lots_of(entry.id, limit=FEW),
            program=program,
            heading=_("Whose money it was"),
            is_entry=True,
        )
    found = queries.find_payment_of(entry.id)
    if found is None:
        return ""
    payment, program = found
    return _shares(
        queries.list_payers(payment, limit=FEW),
        program=program,
        payment=payment,
        heading=_("Whose money it was"),
    )


def _shares(sources: queries.Sources, **values: Any) -> Markup | str:
    if not sources.rows:
        return ""
    return _render("reinvestment/_whose.html", sources=sources, **values)


def _render(template: str, **values: Any) -> Markup:
    return Markup(  # noqa: S704 – the template escapes
        render_template(
            template,
            words=words,
            entry_number=entry_number,
            has_entries="admin.show_entry" in current_app.view_functions,
            **values,
        )
    )
