from __future__ import annotations

from functools import cache
from typing import Any

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog.models import ProductState
from marketplace.catalog.queries import ProductPage, get_product_page, list_cards_of, prices_at
from marketplace.catalog.views.blueprints import catalog
from marketplace.catalog.views.freshness import of_catalog
from marketplace.cooperatives.queries import find_membership
from marketplace.customs.queries import restrictions_for
from marketplace.kernel.errors import NotFound
from marketplace.kernel.time import now
from marketplace.web.access import public
from marketplace.web.caching import is_part_kept, kept, part_key
from marketplace.web.forms import Form
from marketplace.web.locale import LANGUAGES, current_language

TOGETHER = 4
MOST_PIECES = 99


@catalog.get("/products/<slug>")
@public
@kept(of_catalog)
def show_product(slug: str) -> ResponseReturnValue:
    """`?text=id` shows the maker's own words, `?variant=` another size."""
    read = cache(lambda: _read(slug))
    key = part_key("product", of_catalog())
    if not is_part_kept(key):
        product = read()["product"]
        _require_may_see(product)
        if product.state is not ProductState.PUBLISHED:
            key = None
    return render_template("catalog/show_product.html", key=key, read=read, cart_url=_cart_url())


def show_refused(slug: str, form: Form, *, variant_id: int) -> ResponseReturnValue:
    """The page of a product once more, when its `form` with a `quantity` cannot be taken."""
    facts = _read(slug, variant=str(variant_id)) | {"form": form}
    facts["quantity"] = form.quantity.raw_data[0]
    page = render_template(
        "catalog/show_product.html", key=None, read=lambda: facts, cart_url=_cart_url()
    )
    return page, 422


def _read(slug: str, *, variant: str | None = None) -> dict[str, Any]:
    """What the page says of the product, its sizes, its maker and its company."""
    variant = variant or request.args.get("variant")
    at = now()
    lang = current_language()
    prices = prices_at(at)
    product = get_product_page(slug, lang, prices=prices)
    wanted = request.args.get("text", "")
    choice = next(
        (one for one in product.choices if str(one.id) == variant),
        product.choice,
    )
    return {
        "product": product,
        "choice": choice,
        "words": product.words(lang),
        "story": product.words(wanted if wanted in LANGUAGES else lang),
        "story_language": _language_of(product, wanted if wanted in LANGUAGES else lang),
        "quantity": _quantity(choice.available),
        "form": None,
        "prices": prices,
        "restrictions": restrictions_for(product.hs6),
        "together": list_cards_of(
            product.maker.id, lang, prices=prices, at=at, limit=TOGETHER, without=product.id
        ),
    }


def _require_may_see(product: ProductPage) -> None:
    """Everyone sees what is in the shop; drafts and withdrawn goods are for members only."""
    if product.state is ProductState.PUBLISHED:
        return
    is_member = (
        current_user.is_authenticated
        and find_membership(current_user.id, product.maker.slug) is not None
    )
    if not is_member:
        raise NotFound


def _language_of(product: ProductPage, lang: str) -> str:
    return lang if lang in product.texts else product.original_locale


def _quantity(available: int) -> int:
    """`?quantity=` and `?step=`, which the buttons send where there is no script."""
    asked = request.args.get("quantity", 1, type=int) or 1
    step = request.args.get("step", 0, type=int) or 0
    return max(1, min(asked + step, available, MOST_PIECES))


def _cart_url() -> str:
    if "orders.add_line" not in current_app.view_functions:
        return ""
    return url_for("orders.add_line")
