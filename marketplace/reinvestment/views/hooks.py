"""What programs show on the pages of lower rooms: home, a cooperative, an order."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app, render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.catalog.hooks import HomeProgram, HomePrograms, on_home
from marketplace.cooperatives.hooks import on_cooperative_page
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.money import Money, won
from marketplace.orders.hooks import ShareLots, keep_share_lots, on_order_trace, on_staff_order
from marketplace.orders.models import Order
from marketplace.reinvestment import queries
from marketplace.reinvestment.models import Program
from marketplace.reinvestment.operations.lots import take_shares, unspent_shares
from marketplace.reinvestment.policies import FUNDED, GOAL
from marketplace.reinvestment.queries import LotShare, ProgramRow
from marketplace.reinvestment.views import words
from marketplace.reinvestment.views.following import show_behind, show_way_of
from marketplace.statements.hooks import on_entry_page
from marketplace.web.locale import current_language


def set_up_hooks() -> None:
    on_home(tell_home)
    on_cooperative_page(show_on_cooperative, place=30)
    on_order_trace(trace_steps)
    on_staff_order(show_way_of)
    on_entry_page(show_behind)
    keep_share_lots(ShareLots(unspent=unspent_shares, take=take_shares))


def tell_home(lang: str) -> HomePrograms:
    """Progress of the cloth and the newest three; two queries."""
    facts = queries.list_facts()
    newest, _in_all = queries.list_programs(states=FUNDED, size=3)
    funded = sum(fact.is_funded for fact in facts)
    has_ledger = "openbook.show_ledger" in current_app.view_functions
    return HomePrograms(
        goal=GOAL,
        funded=funded,
        running=len(facts) - funded,
        newest=[_home_program(row, lang) for row in newest],
        ledger_url=url_for("openbook.show_ledger") if has_ledger else "",
        programs_url=url_for("reinvestment.list_programs"),
    )


def show_on_cooperative(cooperative: Cooperative) -> Markup | str:
    """The programs paid in its village, or nothing."""
    rows = queries.list_programs_of_village(cooperative.village_code, cooperative.id)
    if not rows:
        return ""
    return Markup(  # noqa: S704 – the template escapes
        render_template("reinvestment/_of_cooperative.html", programs=rows, words=words)
    )


def trace_steps(order: Order, entry_ids: Sequence[int]) -> Sequence[Markup]:
    """One step for each program that got something of this order; two queries."""
    uses = queries.list_uses(entry_ids)
    places = queries.find_places({use.program.village_code for use in uses})
    return [
        Markup(  # noqa: S704 – the template escapes
            render_template(
                "reinvestment/_trace_step.html",
                program=program,
                amount=amount,
                place=places[program.village_code],
                look=words.look_of(program),
                words=words,
                lang=current_language(),
            )
        )
        for program, amount in _by_program(uses)
    ]


def _by_program(uses: Sequence[LotShare]) -> list[tuple[Program, Money]]:
    """What each program got, the one that was signed first in front."""
    programs = {use.program.id: use.program for use in uses}
    sums: dict[int, Money] = dict.fromkeys(programs, won(0))
    for use in uses:
        sums[use.program.id] += use.amount
    return [(programs[key], sums[key]) for key in sorted(sums)]


def _home_program(row: ProgramRow, lang: str) -> HomeProgram:
    motif, dye = words.look_of(row)
    return HomeProgram(
        title=row.name(lang),
        url=url_for("reinvestment.show_program", slug=row.slug),
        place=f"{row.village}, {row.regency}, {row.province(lang)}",
        summary=f"{words.theme_name(row.theme)} – {words.state_name(row.state)}",
        motif=motif,
        dye=dye,
        note=str(_("Set aside for it")),
        amount=row.allocated,
    )
