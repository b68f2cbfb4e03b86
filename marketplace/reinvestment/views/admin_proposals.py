"""Writing a proposal: first the village, by steps or by search, then the words and the budget."""

from __future__ import annotations

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.time import now
from marketplace.reference.queries import list_provinces, list_regencies
from marketplace.reinvestment import queries
from marketplace.reinvestment.errors import (
    AlreadyDecided,
    CooperativeElsewhere,
    NotYourProposal,
    VillageMissing,
)
from marketplace.reinvestment.forms import BUDGET_LINES, ProposalForm
from marketplace.reinvestment.models import Program, ProgramState, ProgramTheme
from marketplace.reinvestment.operations import propose_program, revise_program
from marketplace.reinvestment.queries import VillagePlace
from marketplace.reinvestment.views import words
from marketplace.reinvestment.views.blueprint import admin as bp
from marketplace.web.forms import render_form
from marketplace.web.locale import current_language


@bp.route("/programs/new", methods=["GET", "POST"])
@staff(Role.ADMIN)
def new_program() -> ResponseReturnValue:
    place = queries.find_place(request.args.get("village", "")[:13])
    if place is None:
        return _choose_village()
    form = _form(place, None)
    if form.validate_on_submit():
        try:
            with transaction():
                program = propose_program(
                    form.proposal(place.code),
                    by=current_user.id,
                    form_key=form.form_key.data,
                    at=now(),
                )
        except (CooperativeElsewhere, VillageMissing) as error:
            form.refuse("cooperative", error)
        else:
            flash(_("Proposed. A colleague has to sign before money is set aside."), "ok")
            return redirect(url_for(".show_program", number=program.number))
    return _render(form, place, None)


@bp.route("/programs/<number>/edit", methods=["GET", "POST"])
@staff(Role.ADMIN)
def edit_program(number: str) -> ResponseReturnValue:
    program = queries.get_program(number)
    if program.proposed_by != current_user.id:
        raise NotYourProposal
    if program.state is not ProgramState.PROPOSED and request.method == "GET":
        raise AlreadyDecided
    place = queries.find_place(request.args.get("village", program.village_code)[:13])
    if place is None:
        return _choose_village()
    form = _form(place, program)
    if form.validate_on_submit():
        try:
            with transaction():
                revise_program(program, form.proposal(place.code), by=current_user.id, at=now())
        except AlreadyDecided as error:
            form.refuse_whole(error)
            page, _status = _render(form, place, queries.get_program(number))
            return page, HTTPStatus.CONFLICT
        except DomainError as error:
            form.refuse("cooperative", error)
        else:
            flash(_("Saved. Whoever signs has to read it again."), "ok")
            return redirect(url_for(".show_program", number=number))
    return _render(form, place, program)


def _form(place: VillagePlace, program: Program | None) -> ProposalForm:
    stored = (
        {
            "title": program.title,
            "title_ko": program.title_ko,
            "title_en": program.title_en,
            "theme": program.theme.value,
            "cooperative": str(program.cooperative_id or ""),
            "problem": program.problem,
            "plan": program.plan,
        }
        if program
        else {"theme": ProgramTheme.TOOLS.value}
    )
    form = ProposalForm(data=stored)
    form.offer(
        [(theme.value, words.theme_name(theme)) for theme in ProgramTheme],
        [(str(row.id), row.name) for row in queries.list_cooperatives_in(place.regency_code)],
    )
    form.read_lines(request.form, program.budget if program else ())
    return form


def _render(form: ProposalForm, place: VillagePlace, program: Program | None) -> tuple[str, int]:
    return render_form(
        "reinvestment/admin_edit.html",
        form,
        place=place,
        program=program,
        lines=form.lines_typed()[:BUDGET_LINES],
    )


def _choose_village() -> ResponseReturnValue:
    """Plain steps: a search, or province, regency, village, each a link or a GET form."""
    text = request.args.get("q", "").strip()[:60]
    province = request.args.get("province", "")[:2]
    regency = request.args.get("regency", "")[:5]
    if not regency.startswith(province):
        regency = ""
    return render_template(
        "reinvestment/admin_village.html",
        text=text,
        found=queries.search_places(text),
        province=province,
        regency=regency,
        provinces=[(row.code, row.name(current_language())) for row in list_provinces()],
        regencies=list_regencies(province) if province else [],
        villages=queries.list_villages_by_district(regency) if regency else {},
    )
