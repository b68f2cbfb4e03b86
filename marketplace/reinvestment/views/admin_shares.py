"""Every order and pledge behind a program, or behind one of its payments, for the staff."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import entry_number
from marketplace.reinvestment import queries
from marketplace.reinvestment.models import Disbursement, Program
from marketplace.reinvestment.queries import Source, Sources
from marketplace.reinvestment.views.blueprint import admin as bp
from marketplace.web.downloads import FILE, ROWS_OF_A_SHEET, Cell, Table, offer, take_along
from marketplace.web.paging import Page, page_number

SIZE = 50


@bp.get("/programs/<number>/shares/")
@staff(Role.ADMIN, Role.AUDITOR)
def list_shares(number: str) -> ResponseReturnValue:
    program, payment = _asked(number)
    page = page_number()
    sources = _sources(program, payment, limit=SIZE, offset=(page - 1) * SIZE)
    part = payment.number if payment else None
    return render_template(
        "reinvestment/admin_shares.html",
        program=program,
        payment=payment,
        sources=sources,
        page=Page(sources.rows, sources.count, page, SIZE),
        page_url=lambda page: url_for(".list_shares", number=number, part=part, page=page),
        files=offer("shares", number=number, part=part),
        paid=queries.paid_of(program),
        kept=queries.paid_of(program) + queries.committed_of(program),
        entry_number=entry_number,
        has_entries="admin.show_entry" in current_app.view_functions,
    )


@bp.get(f"/programs/<number>/shares/{FILE}")
@staff(Role.ADMIN, Role.AUDITOR)
def download_shares(number: str, suffix: str) -> Response:
    program, payment = _asked(number)
    sources = _sources(program, payment, limit=ROWS_OF_A_SHEET, offset=0)
    given = [] if payment else [_("Given")]
    columns = [_("Came on"), _("From"), _("Entry"), *given, _("Released to the village")]
    rows: list[Sequence[Cell]] = [
        (
            source.came_on,
            source_name(source),
            entry_number(source.entry_id),
            *([] if payment else [source.amount]),
            source.paid,
        )
        for source in sources.rows
    ]
    about = payment.number if payment else program.number
    return take_along(
        Table(_("Orders and pledges"), columns, rows),
        name=f"lumbung-shares-{about}-{today_in_seoul(now())}",
        suffix=suffix,
    )


def source_name(source: Source) -> str:
    if source.kind == "pledge":
        return str(_("Pledge %(number)s", number=source.number))
    return str(_("Order %(number)s", number=source.number))


def _asked(number: str) -> tuple[Program, Disbursement | None]:
    program = queries.get_program(number)
    part = request.args.get("part")
    return program, queries.get_disbursement(program, part) if part else None


def _sources(program: Program, payment: Disbursement | None, *, limit: int, offset: int) -> Sources:
    if payment is not None:
        return queries.list_payers(payment, limit=limit, offset=offset)
    return queries.list_sources(program, limit=limit, offset=offset)
