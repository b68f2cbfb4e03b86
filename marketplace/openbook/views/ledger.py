"""The open ledger: one page, the same figures the administrators see."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Sequence
from decimal import Decimal

from flask import current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.bundles import Bundle, find_bundle
from marketplace.kernel.config import Config
from marketplace.kernel.time import now
from marketplace.ledger.errors import PolicyMissing
from marketplace.ledger.queries import entry_number, policy_at
from marketplace.openbook.queries import (
    find_seal,
    newest_state,
    read_books,
    read_figures,
    read_in_hand,
)
from marketplace.openbook.views.blueprint import bp
from marketplace.openbook.views.files import verifier_sha256
from marketplace.openbook.views.growth import draw_funded, draw_quarters, quarter_unit, quarters
from marketplace.openbook.views.stream import draw_stream, stream_of
from marketplace.reference.queries import list_provinces
from marketplace.reinvestment.policies import GOAL
from marketplace.reinvestment.queries import (
    ProgramFacts,
    list_facts,
    list_payments,
    list_pledges,
)
from marketplace.sealing import find_public_key
from marketplace.statements.wording import account_name
from marketplace.web.access import public
from marketplace.web.caching import kept
from marketplace.web.formats import format_number
from marketplace.web.locale import current_language

PAYMENTS = 8


def of_ledger() -> Hashable:
    """Changes with every entry and seal; proposals, which book nothing, show up in a minute."""
    return newest_state(), int(time.time() // 60)


@bp.get("/ledger")
@public
@kept(of_ledger)
def show_ledger() -> ResponseReturnValue:
    config: Config = current_app.config["LUMBUNG"]
    figures = read_figures()
    bundle = find_bundle(config)
    facts = list_facts()
    stream = stream_of(figures, {fact.number: fact.theme for fact in facts})
    lang = current_language()
    provinces = list_provinces()
    rows = quarters(figures.months)
    return render_template(
        "openbook/show_ledger.html",
        figures=figures,
        books=read_books(),
        in_hand=read_in_hand(),
        account_name=account_name,
        stream=stream,
        flow=draw_stream(stream),
        goal=GOAL,
        funded=sum(fact.is_funded for fact in facts),
        under_review=sum(not fact.is_funded for fact in facts),
        by_province=_by_province(facts),
        names={row.letters: row.name(lang) for row in provinces},
        urls={
            row.letters: url_for("reinvestment.list_programs", province=row.letters)
            for row in provinces
        },
        quarters=rows,
        quarter_chart=draw_quarters(rows),
        quarter_unit=quarter_unit(rows),
        funded_chart=draw_funded(facts),
        payments=list_payments(PAYMENTS),
        pledges=list_pledges(figures.funds_by_path),
        entry_number=entry_number,
        seal=find_seal(),
        key=find_public_key(config),
        bundle=bundle,
        bundle_size=_bundle_size(bundle),
        verifier_sha256=verifier_sha256(),
        programs_url=url_for("reinvestment.list_programs"),
        share_of_hundred=_share_of_hundred(),
    )


def _by_province(facts: Sequence[ProgramFacts]) -> dict[str, int]:
    return dict(Counter(fact.province_letters for fact in facts if fact.is_funded))


def _bundle_size(bundle: Bundle | None) -> str:
    """Empty before the first one is made."""
    return f"{format_number(Decimal(bundle.bytes) / 1_000_000, 1)} MB" if bundle else ""


def _share_of_hundred() -> Decimal | None:
    """Won of every hundred won of goods, by the division in force."""
    try:
        parts = policy_at("sale", now()).parts
    except PolicyMissing:
        return None
    return Decimal(100 * parts["village_share"]) / sum(parts.values())
