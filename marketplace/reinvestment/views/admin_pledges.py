from __future__ import annotations

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Organization, Role
from marketplace.kernel.db import db, transaction
from marketplace.kernel.time import now
from marketplace.ledger.errors import IdempotencyConflict
from marketplace.ledger.queries import entries_about
from marketplace.reference.queries import list_provinces
from marketplace.reinvestment import queries
from marketplace.reinvestment.errors import MoreThanPledged, ReferenceReversed
from marketplace.reinvestment.forms import PledgeForm, ReceiptForm
from marketplace.reinvestment.models import Pledge, ProgramTheme
from marketplace.reinvestment.operations import make_pledge, receive_pledge
from marketplace.reinvestment.views import words
from marketplace.reinvestment.views.blueprint import admin as bp
from marketplace.reinvestment.views.following import followed
from marketplace.statements.wording import kind_name
from marketplace.web.downloads import offer
from marketplace.web.forms import render_form
from marketplace.web.locale import current_language


@bp.get("/pledges")
@staff(Role.ADMIN, Role.AUDITOR)
def list_pledges() -> ResponseReturnValue:
    return render_template(
        "reinvestment/admin_pledges.html",
        rows=queries.list_pledges(),
        words=words,
        may_act=current_user.has_role(Role.ADMIN),
        files=offer("pledges"),
    )


@bp.route("/pledges/new", methods=["GET", "POST"])
@staff(Role.ADMIN)
def new_pledge() -> ResponseReturnValue:
    form = PledgeForm()
    lang = current_language()
    form.offer(
        [
            (str(row.id), row.name_ko if lang == "ko" else row.name)
            for row in queries.list_sponsors()
        ],
        [(theme.value, words.theme_name(theme)) for theme in ProgramTheme],
        [(row.code, row.name(lang)) for row in list_provinces()],
    )
    if form.validate_on_submit():
        with transaction():
            pledge = make_pledge(
                db.session.get_one(Organization, int(form.organization.data)),
                form.money(),
                purpose=form.purpose.data or "",
                theme=ProgramTheme(form.theme.data) if form.theme.data else None,
                province_code=form.province.data or None,
                by=current_user.id,
                form_key=form.form_key.data,
                at=now(),
            )
        flash(_("The pledge is booked. It can be spent once money arrives."), "ok")
        return redirect(url_for(".show_pledge", number=pledge.number))
    return render_form("reinvestment/admin_pledge_new.html", form)


@bp.get("/pledges/<number>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_pledge(number: str) -> ResponseReturnValue:
    return _show(queries.get_pledge(number), ReceiptForm(formdata=None))


@bp.post("/pledges/<number>/receipts")
@staff(Role.ADMIN)
def new_receipt(number: str) -> ResponseReturnValue:
    pledge = queries.get_pledge(number)
    form = ReceiptForm()
    if form.validate_on_submit():
        try:
            with transaction():
                receive_pledge(
                    pledge,
                    form.money(),
                    reference=form.reference.data or "",
                    by=current_user.id,
                    at=now(),
                )
        except MoreThanPledged as error:
            form.refuse("amount", error)
        except (IdempotencyConflict, ReferenceReversed) as error:
            form.refuse("reference", error)
        else:
            flash(_("Booked. The money can be allocated now."), "ok")
            return redirect(url_for(".show_pledge", number=number))
    return _show(pledge, form)


def _show(pledge: Pledge, form: ReceiptForm) -> ResponseReturnValue:
    row = next(row for row in queries.list_pledges() if row.pledge.id == pledge.id)
    province = next((p for p in list_provinces() if p.code == pledge.province_code), None)
    return render_form(
        "reinvestment/admin_pledge.html",
        form,
        row=row,
        pledge=pledge,
        words=words,
        province=province.name(current_language()) if province else "",
        entries=entries_about("pledge", pledge.number),
        kind_name=kind_name,
        way=followed(queries.follow_pledge(pledge.number)),
        may_act=current_user.has_role(Role.ADMIN),
        has_entries="admin.show_entry" in current_app.view_functions,
    )
