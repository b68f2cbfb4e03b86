"""Totals, flow, pledges, payments and seals."""

from __future__ import annotations

from collections import Counter

from flask import current_app, jsonify, url_for
from flask.typing import ResponseReturnValue

from marketplace.api.views.asked import asked_page
from marketplace.api.views.blueprint import bp, programs_limit
from marketplace.api.views.shapes import Shape, decision, instant, money, pages, seal
from marketplace.ledger.queries import entry_number
from marketplace.openbook.queries import (
    InHand,
    find_seal,
    list_sealed_decisions,
    list_seals,
    read_books,
    read_figures,
    read_in_hand,
)
from marketplace.openbook.views.files import verifier_sha256
from marketplace.openbook.views.growth import quarters
from marketplace.openbook.views.heads import of_heads
from marketplace.openbook.views.ledger import of_ledger
from marketplace.openbook.views.stream import stream_of
from marketplace.reinvestment.policies import GOAL
from marketplace.reinvestment.queries import list_facts, list_payments, list_pledges
from marketplace.sealing import find_public_key
from marketplace.web.access import public
from marketplace.web.caching import kept
from marketplace.web.paging import Page

PAYMENTS = 100
SEALS = 100
DECISIONS = 100


@bp.get("/ledger")
@public
@programs_limit
@kept(of_ledger)
def show_ledger() -> ResponseReturnValue:
    figures, books, facts, newest = read_figures(), read_books(), list_facts(), find_seal()
    by_province = Counter(fact.province_letters for fact in facts if fact.is_funded)
    return jsonify(
        up_to=instant(books.last_at),
        entries=books.entries,
        lines=books.lines,
        is_balanced=books.are_balanced,
        sides=[
            {
                "debits": money(side.debit),
                "credits": money(side.credit),
                "difference": money(side.balance),
            }
            for side in books.sides.values()
        ],
        shares=money(figures.shares),
        pledges=money(figures.pledges),
        received=money(figures.received),
        held=money(figures.held),
        free=money(figures.free),
        assigned=money(figures.assigned_in_all),
        committed=money(figures.committed),
        paid=money(figures.paid),
        difference=money(figures.difference),
        in_hand=[_in_hand(row) for row in read_in_hand()],
        programs={
            "goal": GOAL,
            "funded": sum(fact.is_funded for fact in facts),
            "under_review": sum(not fact.is_funded for fact in facts),
            "by_province": [
                {"province": letters, "funded": count}
                for letters, count in sorted(by_province.items())
            ],
        },
        quarters=[
            {
                "quarter": f"{row.year}-Q{row.number}",
                "shares": money(row.shares),
                "pledges": money(row.pledges),
                "so_far": money(row.so_far),
            }
            for row in quarters(figures.months)
        ],
        seal=newest and seal(newest),
    )


def _in_hand(row: InHand) -> Shape:
    return {
        "paid_in": money(row.paid_in),
        "paid_out": money(row.paid_out),
        "cash": money(row.cash),
        "difference": money(row.difference),
        "funds": money(row.bound),
        "trust": money(row.trust),
        "accounts": [{"account": path, "amount": money(amount)} for path, amount in row.accounts],
    }


@bp.get("/flow")
@public
@programs_limit
@kept(of_ledger)
def show_flow() -> ResponseReturnValue:
    facts = list_facts()
    stream = stream_of(read_figures(), {fact.number: fact.theme for fact in facts})
    return jsonify(
        bands=[
            {"from": band.start.key, "to": band.end.key, "amount": money(band.amount)}
            for band in stream.bands
        ]
    )


@bp.get("/payments")
@public
@programs_limit
@kept(of_ledger)
def show_payments() -> ResponseReturnValue:
    return jsonify(
        payments=[
            {
                "number": row.number,
                "amount": money(row.amount),
                "purpose": row.purpose,
                "released_at": instant(row.released_at),
                "entry": row.entry_id and entry_number(row.entry_id),
                "program": row.program_number,
                "slug": row.slug,
                "village": row.village,
                "regency": row.regency,
                "province": row.province_id,
            }
            for row in list_payments(PAYMENTS)
        ]
    )


@bp.get("/pledges")
@public
@programs_limit
@kept(of_ledger)
def show_pledges() -> ResponseReturnValue:
    return jsonify(
        pledges=[
            {
                "number": row.pledge.number,
                "company": row.pledge.organization.name,
                "company_ko": row.pledge.organization.name_ko,
                "purpose": row.pledge.purpose,
                "pledged_on": row.pledge.pledged_on.isoformat(),
                "promised": money(row.pledge.amount),
                "received": money(row.received),
                "free": money(row.available),
            }
            for row in list_pledges(read_figures().funds_by_path)
        ]
    )


@bp.get("/seals")
@public
@programs_limit
@kept(of_heads)
def show_seals() -> ResponseReturnValue:
    number = asked_page()
    rows, count = list_seals(number=number, size=SEALS)
    key = find_public_key(current_app.config["LUMBUNG"])
    return jsonify(
        **pages(Page(rows, count, number, SEALS), ".show_seals"),
        key=key and key.text,
        bundle=url_for("ledger_files.download_bundle", _external=True),
        verifier={
            "url": url_for("ledger_files.show_verifier", _external=True),
            "sha256": verifier_sha256(),
        },
        seals=[seal(row) for row in rows],
    )


@bp.get("/decisions")
@public
@programs_limit
@kept(of_heads)
def show_decisions() -> ResponseReturnValue:
    number = asked_page()
    rows, count = list_sealed_decisions(number=number, size=DECISIONS)
    return jsonify(
        **pages(Page(rows, count, number, DECISIONS), ".show_decisions"),
        decisions=[decision(row) for row in rows],
    )
