"""What the shop, the cart and the desks read."""

from __future__ import annotations

from marketplace.catalog.queries.cards import (
    Badge,
    Card,
    list_cards,
    list_cards_of,
    list_newest_cards,
)
from marketplace.catalog.queries.pages import ProductPage, get_product_page
from marketplace.catalog.queries.prices import Prices, prices_at
from marketplace.catalog.queries.products import (
    Offer,
    catalog_version,
    count_published,
    find_product,
    get_offer,
    get_product,
    get_product_of,
    has_goods,
    list_offers,
    list_pending_photos,
    list_photos,
    list_products_of,
)

__all__ = [
    "Badge",
    "Card",
    "Offer",
    "Prices",
    "ProductPage",
    "catalog_version",
    "count_published",
    "find_product",
    "get_offer",
    "get_product",
    "get_product_of",
    "get_product_page",
    "has_goods",
    "list_cards",
    "list_cards_of",
    "list_newest_cards",
    "list_offers",
    "list_pending_photos",
    "list_photos",
    "list_products_of",
    "prices_at",
]
