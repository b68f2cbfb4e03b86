from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.catalog.hooks import programs_for_home
from marketplace.catalog.queries import count_published, list_newest_cards, prices_at
from marketplace.catalog.queries.home import count_cooperatives, list_home_cooperatives
from marketplace.catalog.views.blueprints import catalog
from marketplace.catalog.views.freshness import of_home
from marketplace.kernel.time import now
from marketplace.web.access import public
from marketplace.web.caching import kept, part_key
from marketplace.web.locale import current_language

NEW_GOODS = 8
COOPERATIVES = 3


@catalog.get("/")
@public
@kept(of_home)
def show_home() -> ResponseReturnValue:
    return render_template("catalog/show_home.html", key=part_key("home", of_home()), read=_read)


def _read() -> dict[str, Any]:
    """What the page says of goods, makers and programs."""
    at = now()
    lang = current_language()
    prices = prices_at(at)
    cooperatives, provinces = count_cooperatives()
    return {
        "cards": list_newest_cards(lang, prices=prices, at=at, limit=NEW_GOODS),
        "product_count": count_published(),
        "cooperatives": list_home_cooperatives(lang, limit=COOPERATIVES),
        "cooperative_count": cooperatives,
        "province_count": provinces,
        "programs": programs_for_home(lang),
        "share_percent": prices.share_percent,
    }
