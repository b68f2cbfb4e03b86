"""The funds at a glance: what came, what is set aside, what is free, how long it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.admin.queries import names_of
from marketplace.admin.views.blueprint import bp, readers
from marketplace.admin.views.policies import part_name, percent, scope_name
from marketplace.drawings import Node, flow
from marketplace.kernel.money import Money, total, won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.policies import SCOPES
from marketplace.ledger.queries.policy_history import list_policies
from marketplace.reinvestment.queries.overview import CSR, FundFacts, list_funds, list_given
from marketplace.reinvestment.views.words import fund_dye
from marketplace.statements.wording import account_name
from marketplace.web.downloads import offer
from marketplace.web.formats import format_amount, format_money

FEW = 10
SOURCES = ("shares", "pledges")


@dataclass(frozen=True)
class Band:
    """Money on its way from one node to the next."""

    start: Node
    end: Node
    amount: Money


@bp.get("/funds/")
@readers
def show_funds() -> ResponseReturnValue:
    at = now()
    funds = list_funds(today_in_seoul(at))
    bands = _bands(funds)
    history = list_policies("sale")
    people = {
        person
        for fact in history
        if fact.proposal
        for person in (fact.proposal.proposed_by, fact.proposal.approved_by)
        if person
    }
    return render_template(
        "admin/show_funds.html",
        at=at,
        files=offer("funds"),
        funds=funds,
        given=list_given(),
        few=FEW,
        won=won,
        figures=_figures(funds),
        account_url=_account_url,
        fund_name=fund_name,
        dye=fund_dye,
        flow=_draw(bands) if bands else None,
        bands=bands,
        columns=_columns(bands),
        history=history,
        names=names_of(people),
        part_name=part_name,
        percent=percent,
        order=SCOPES,
        scope="sale",
        scope_name=scope_name,
        day_of=today_in_seoul,
    )


def _figures(funds: Sequence[FundFacts]) -> list[dict[str, object]]:
    came = total([fund.came_lately for fund in funds], "KRW")
    spent = total([fund.spent_lately for fund in funds], "KRW")
    committed = total([fund.committed for fund in funds], "KRW")
    free = total([fund.free for fund in funds], "KRW")
    return [
        {"label": _("In, 12 months"), "value": format_amount(came)},
        {"label": _("Out, 12 months"), "value": format_amount(spent)},
        {"label": _("Committed to programs"), "value": format_amount(committed)},
        {"label": _("Free"), "value": format_amount(free), "is_thread": True},
    ]


def _account_url(path: str) -> str:
    return url_for(".list_entries", path=path)


def fund_name(path: str) -> str:
    return str(_("Fund of company pledges")) if path == CSR else account_name(path) or path


def _bands(funds: Sequence[FundFacts]) -> list[Band]:
    """From the sources through the funds to what became of the money, since the beginning."""
    shares = Node("shares", _("Village share of sales"), 2)
    pledges = Node("pledges", _("Pledges of Korean companies"), 1)
    paid = Node("paid", _("Released to villages"), 4)
    committed = Node("committed", _("Committed to programs"), 7)
    free = Node("free", _("Free, not assigned yet"), 5)
    other = Node("other", _("Refunds borne by the reserve"), 3)
    into, out = [], []
    for fund in funds:
        node = Node(fund.path, fund_name(fund.path), fund_dye(fund.path))
        into.append(Band(pledges if fund.path == CSR else shares, node, fund.came))
        out += [
            Band(node, paid, fund.paid),
            Band(node, committed, fund.committed),
            Band(node, free, fund.free),
            Band(node, other, fund.other),
        ]
    return [band for band in [*into, *out] if band.amount.minor > 0]


def _stages(bands: Sequence[Band]) -> list[list[Node]]:
    into = [band for band in bands if band.start.key in SOURCES]
    out = [band for band in bands if band.start.key not in SOURCES]
    funds = [band.end for band in into] + [band.start for band in out]
    stages = ([band.start for band in into], funds, [band.end for band in out])
    return [list(dict.fromkeys(nodes)) for nodes in stages]


def _draw(bands: Sequence[Band]) -> Markup:
    return flow(
        _stages(bands),
        [(band.start.key, band.end.key, band.amount.minor) for band in bands],
        _("Flow of money through the funds. The same figures are in the table below."),
        lambda amount: format_money(won(int(amount))),
        width=1150,
        height=420,
        gap=40,
        label_width=250,
    )


def _columns(bands: Sequence[Band]) -> list[dict[str, object]]:
    """The same figures as words and amounts, for small screens."""
    labels = (_("Where it came from"), _("In which fund"), _("What became of it"))
    columns: list[dict[str, object]] = []
    for label, nodes in zip(labels, _stages(bands), strict=True):
        rows = [(node, _through(node, bands)) for node in nodes]
        columns.append(
            {
                "label": label,
                "rows": [
                    (node.label, format_money(amount), amount.minor, node.dye)
                    for node, amount in rows
                ],
                "top": max((amount.minor for _node, amount in rows), default=1),
            }
        )
    return columns


def _through(node: Node, bands: Sequence[Band]) -> Money:
    """What came to the node; for a source, what left it."""
    came = [band.amount for band in bands if band.end.key == node.key]
    return total(came or [b.amount for b in bands if b.start.key == node.key], "KRW")
