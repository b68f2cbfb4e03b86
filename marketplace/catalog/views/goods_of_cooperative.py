"""The goods on the page of a cooperative."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from marketplace.catalog.queries import has_goods, list_cards_of, prices_at
from marketplace.cooperatives.hooks import on_cooperative_page
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.time import now
from marketplace.web.locale import current_language

MOST = 8


def goods_of(cooperative: Cooperative) -> Markup | str:
    if not has_goods(cooperative.id):
        return ""
    at = now()
    cards = list_cards_of(
        cooperative.id, current_language(), prices=prices_at(at), at=at, limit=MOST
    )
    return Markup(  # noqa: S704 – a rendered template is markup
        render_template("catalog/_goods_of.html", cards=cards, cooperative=cooperative)
    )


def show_on_cooperative_page() -> None:
    on_cooperative_page(goods_of, place=10)
