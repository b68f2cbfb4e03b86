from __future__ import annotations

from datetime import datetime

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_people
from marketplace.cooperatives.queries import find_by_id
from marketplace.kernel.money import won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.queries import entries_about, entry_number
from marketplace.reference.queries import list_provinces
from marketplace.reinvestment import queries
from marketplace.reinvestment.models import Disbursement, Program, ProgramState, ProgramTheme
from marketplace.reinvestment.policies import FUNDED, GOAL
from marketplace.reinvestment.views import words
from marketplace.reinvestment.views.blueprint import public as bp
from marketplace.statements.wording import kind_name
from marketplace.web.access import public
from marketplace.web.formats import format_day, format_money
from marketplace.web.locale import current_language
from marketplace.web.paging import Page, page_number

SIZE = 24
STATES = {
    "review": (ProgramState.PROPOSED,),
    "running": (ProgramState.APPROVED, ProgramState.RUNNING),
    "done": (ProgramState.DONE,),
}
EVERYTHING = (ProgramState.PROPOSED, *FUNDED)


@bp.get("")
@public
def list_programs() -> ResponseReturnValue:
    state = request.args.get("state", "")
    theme = request.args.get("theme", "")
    province = request.args.get("province", "")[:2].upper()
    number = page_number()
    rows, count = queries.list_programs(
        states=STATES.get(state, EVERYTHING),
        theme=ProgramTheme(theme) if theme in set(ProgramTheme) else None,
        province=province,
        number=number,
        size=SIZE,
    )
    facts = queries.list_facts()
    lang = current_language()
    provinces = list_provinces()
    return render_template(
        "reinvestment/list_programs.html",
        page=Page(rows, count, number, SIZE),
        page_url=lambda page: url_for(
            ".list_programs", state=state, theme=theme, province=province, page=page
        ),
        chosen={"state": state, "theme": theme, "province": province},
        states=[("review", _("Under review")), ("running", _("Running")), ("done", _("Finished"))],
        themes=[(theme.value, words.theme_name(theme)) for theme in ProgramTheme],
        provinces=[(row.letters, row.name(lang)) for row in provinces],
        words=words,
        goal=GOAL,
        funded=sum(fact.is_funded for fact in facts),
        under_review=sum(not fact.is_funded for fact in facts),
        by_province=by_province(facts),
        names={row.letters: row.name(lang) for row in provinces},
        urls={row.letters: url_for(".list_programs", province=row.letters) for row in provinces},
    )


@bp.get("/<slug>")
@public
def show_program(slug: str) -> ResponseReturnValue:
    program = queries.get_public_program(slug)
    place = queries.find_place(program.village_code)
    people = find_people({program.proposed_by, program.approved_by or 0})
    sources = queries.list_sources(program)
    disbursements = [row for row in queries.list_disbursements(program) if row.canceled_by is None]
    payments = [row for row in disbursements if row.released_by is not None]
    return render_template(
        "reinvestment/show_program.html",
        program=program,
        words=words,
        place=place,
        cooperative=find_by_id(program.cooperative_id) if program.cooperative_id else None,
        funds=queries.allocated_by_fund(program.id).get(program.id, {}),
        paid=queries.paid_of(program),
        signatures=signatures(program, people),
        steps=timeline(program, disbursements),
        payments=payments,
        evidence=queries.evidence_of({row.id for row in payments}),
        entries=entries_about("program", program.number),
        kind_name=kind_name,
        backing=queries.backing_of(program),
        sources=sources,
        entry_number=entry_number,
        won=won,
    )


def by_province(facts: list[queries.ProgramFacts]) -> dict[str, int]:
    """Funded programs by the letters of their province."""
    found: dict[str, int] = {}
    for fact in facts:
        if fact.is_funded:
            found[fact.province_letters] = found.get(fact.province_letters, 0) + 1
    return found


def signatures(program: Program, people: dict[int, User]) -> list[words.Signature]:
    """Both places: who proposed, and who signed as the second person, if anybody did."""
    return [
        words.signature(people.get(program.proposed_by), program.proposed_at),
        words.signature(people.get(program.approved_by or 0), program.approved_at),
    ]


def timeline(program: Program, disbursements: list[Disbursement]) -> list[dict[str, str]]:
    """From the proposal to its end, for people who do not read ledgers."""
    steps = [_step(_("Proposed"), program.proposed_at)]
    if program.approved_at is None:
        steps.append({"title": _("Second signature"), "state": "now"})
        return [*steps, {"title": _("Paid in parts")}]
    steps.append(_step(_("Signed by two people, money set aside"), program.approved_at))
    for part, row in enumerate(disbursements, 1):
        amount = format_money(row.amount)
        if row.released_at is not None:
            title = _("Part %(part)s paid: %(amount)s", part=part, amount=amount)
            steps.append(_step(title, row.released_at, row.purpose))
        else:
            title = _("Part %(part)s waits to be released: %(amount)s", part=part, amount=amount)
            steps.append({"title": title, "state": "now", "note": row.purpose})
    if program.finished_on:
        day = format_day(program.finished_on)
        steps.append({"title": _("Finished"), "state": "done", "note": day})
    else:
        steps.append({"title": _("Finished"), "note": _("The rest goes back to the funds.")})
    return steps


def _step(title: str, at: datetime, note: str = "") -> dict[str, str]:
    day = format_day(today_in_seoul(at))
    return {"title": title, "state": "done", "note": f"{day}\u00a0· {note}" if note else day}
