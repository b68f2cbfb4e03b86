from __future__ import annotations

from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.api.views.asked import asked_for, asked_page
from marketplace.api.views.blueprint import bp, programs_limit
from marketplace.api.views.shapes import Shape, instant, money, pages, payment
from marketplace.kernel.money import won
from marketplace.ledger.queries import entries_about, entry_number
from marketplace.openbook.views.ledger import of_ledger
from marketplace.reference.queries import list_provinces
from marketplace.reinvestment import queries
from marketplace.reinvestment.models import ProgramTheme
from marketplace.reinvestment.queries import Backing, ProgramRow, Source
from marketplace.reinvestment.views.public import EVERYTHING, STATES
from marketplace.reinvestment.views.words import amount_of
from marketplace.web.access import public
from marketplace.web.caching import kept
from marketplace.web.paging import Page

SIZE = 100
# `review` is what `proposed` was called first.
FILTERS = {"proposed": STATES["review"], **STATES}


@bp.get("/programs")
@public
@programs_limit
@kept(of_ledger)
def show_programs() -> ResponseReturnValue:
    """A page of programs; filters as on the page: `state`, `theme`, `province`."""
    state, theme = asked_for("state", FILTERS), asked_for("theme", [*ProgramTheme])
    province = _asked_province()
    number = asked_page()
    rows, count = queries.list_programs(
        states=FILTERS.get(state, EVERYTHING),
        theme=ProgramTheme(theme) if theme else None,
        province=province,
        number=number,
        size=SIZE,
    )
    chosen = {"state": state, "theme": theme, "province": province}
    asked = {name: value for name, value in chosen.items() if value}
    return jsonify(
        **pages(Page(rows, count, number, SIZE), ".show_programs", **asked),
        programs=[_row(row) for row in rows],
    )


@bp.get("/programs/<slug>")
@public
@programs_limit
@kept(of_ledger)
def show_program(slug: str) -> ResponseReturnValue:
    program = queries.get_public_program(slug)
    place = queries.find_place(program.village_code)
    funds = queries.allocated_by_fund(program.id).get(program.id, {})
    kept_in_all, paid = won(sum(funds.values())), queries.paid_of(program)
    sources = queries.list_sources(program)
    payments = [row for row in queries.list_disbursements(program) if row.canceled_by is None]
    evidence = queries.evidence_of({row.id for row in payments})
    return jsonify(
        number=program.number,
        slug=program.slug,
        title={"id": program.title, "ko": program.title_ko, "en": program.title_en},
        theme=program.theme.value,
        state=program.state.value,
        problem=program.problem,
        plan=program.plan,
        budget=[{"what": what, "amount": money(won(minor))} for what, minor in program.budget],
        village=place and place.village,
        district=place and place.district,
        regency=place and place.regency,
        province=place and place.province_id,
        proposed_at=instant(program.proposed_at),
        approved_at=instant(program.approved_at),
        finished_on=program.finished_on and program.finished_on.isoformat(),
        asked=money(program.asked),
        assigned=money(kept_in_all),
        paid=money(paid),
        committed=money(kept_in_all - paid),
        funds=[{"fund": fund, "amount": money(won(minor))} for fund, minor in funds.items()],
        backing=[_backing(row) for row in queries.backing_of(program)],
        sources={"count": sources.count, "first": [_source(row) for row in sources.rows]},
        payments=[payment(row, evidence.get(row.id, ())) for row in payments],
        entries=[
            {
                "number": row.number,
                "kind": row.kind,
                "day": row.effective_on.isoformat(),
                "amount": money(amount_of(row)),
            }
            for row in entries_about("program", program.number)
        ],
    )


def _asked_province() -> str:
    """The letters of a province, small ones too."""
    if not request.args.get("province"):
        return ""
    letters = [row.letters for row in list_provinces()]
    return asked_for("province", {*letters, *map(str.lower, letters)}).upper()


def _row(row: ProgramRow) -> Shape:
    return {
        "number": row.number,
        "slug": row.slug,
        "url": url_for(".show_program", slug=row.slug, _external=True),
        "title": {"id": row.title, "ko": row.title_ko, "en": row.title_en},
        "theme": row.theme.value,
        "state": row.state.value,
        "village": row.village,
        "regency": row.regency,
        "province": row.province_id,
        "proposed_at": instant(row.proposed_at),
        "approved_at": instant(row.approved_at),
        "asked": money(row.asked),
        "assigned": money(row.allocated),
        "paid": money(row.paid),
    }


def _backing(row: Backing) -> Shape:
    return {"kind": row.kind, "count": row.count, "amount": money(row.amount)}


def _source(row: Source) -> Shape:
    return {
        "kind": row.kind,
        "pledge": row.pledge,
        "came_on": row.came_on.isoformat(),
        "amount": money(row.amount),
        "paid": money(row.paid),
        "entry": entry_number(row.entry_id),
    }
