from __future__ import annotations

from typing import NamedTuple

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from marketplace.catalog.queries import Card, Prices, list_cards, prices_at
from marketplace.catalog.search import Found, search
from marketplace.catalog.suggest import Suggestion, suggest_for
from marketplace.catalog.views.blueprints import catalog
from marketplace.catalog.views.freshness import of_catalog, version_now
from marketplace.catalog.views.narrowing import NAMES, Choice, Options, options
from marketplace.kernel.time import now
from marketplace.web.access import public
from marketplace.web.caching import kept, part_key
from marketplace.web.formats import format_number
from marketplace.web.locale import current_language
from marketplace.web.paging import Page, page_number

PAGE_SIZE = 24


class Results(NamedTuple):
    """What a search found, its page, and what it can be narrowed down to."""

    found: Found
    page: Page[Card]
    groups: dict[str, Options]


@catalog.get("/products")
@public
@kept(of_catalog)
def list_products() -> ResponseReturnValue:
    choice = Choice.of_request()
    return render_template(
        "catalog/list_products.html",
        choice=choice,
        key=part_key("list", of_catalog()),
        find=lambda: _results(choice),
        trade_url=_trade_url(),
    )


def _results(choice: Choice) -> Results:
    at = now()
    prices = prices_at(at)
    number = page_number()
    found = _search(choice, prices, number)
    cards = list_cards(found.ids, current_language(), prices=prices, at=at)
    return Results(
        found,
        Page(cards, found.count, number, PAGE_SIZE),
        {name: options(name, found, getattr(choice.filters, name)) for name in NAMES},
    )


@catalog.get("/products/count")
@public
@kept(of_catalog)
def count_products() -> ResponseReturnValue:
    """The words of the filter's button."""
    found = _search(Choice.of_request(), prices_at(now()), 1)
    shown = format_number(found.count) + ("+" if found.is_capped else "")
    words = ngettext("Show %(count)s product", "Show %(count)s products", found.count, count=shown)
    return str(words)


@catalog.get("/products/suggest")
@public
@kept(of_catalog)
def suggest() -> ResponseReturnValue:
    """Options of the search's listbox."""
    suggestions: list[Suggestion] = suggest_for(request.args.get("q", "")[:60], current_language())
    return render_template(
        "catalog/_suggestions.html",
        suggestions=suggestions,
        urls={
            "product": lambda slug: url_for("catalog.show_product", slug=slug),
            "cooperative": lambda slug: url_for("cooperatives.show_cooperative", slug=slug),
            "place": lambda letters: url_for("catalog.list_products", province=letters),
        },
    )


def _trade_url() -> str:
    is_there = "trade.list_exports" in current_app.view_functions
    return url_for("trade.list_exports") if is_there else ""


def _search(choice: Choice, prices: Prices, number: int) -> Found:
    return search(
        choice.text,
        choice.filters,
        rate=prices.rate,
        version=version_now(),
        sort=choice.sort,
        page=number,
        size=PAGE_SIZE,
    )
