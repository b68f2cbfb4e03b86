"""What buyers, cooperatives and staff read of carts and orders."""

from __future__ import annotations

from marketplace.orders.queries.carts import count_pieces, find_cart, list_quantities
from marketplace.orders.queries.desk import (
    Owed,
    count_missing,
    count_requests,
    count_to_ship,
    get_parcel_of,
    list_owed_parcels,
    list_parcels_of,
    list_parcels_with_trouble,
    owed_to,
    weekly_sales,
)
from marketplace.orders.queries.lots import lots_left
from marketplace.orders.queries.orders import (
    amount_left,
    find_order,
    find_receipt,
    find_unpaid,
    get_order,
    get_order_of,
    get_parcel,
    has_goods_left,
    list_orders,
    list_orders_of,
    list_parcels,
    list_parts,
    list_refunds,
    parts_left,
)
from marketplace.orders.queries.quotes import Quote, QuoteLine, QuoteParcel, quote
from marketplace.orders.queries.requests import (
    find_open_request,
    get_request,
    has_open_request,
    is_missing,
    latest_requests,
    list_corrections,
)

__all__ = [
    "Owed",
    "Quote",
    "QuoteLine",
    "QuoteParcel",
    "amount_left",
    "count_missing",
    "count_pieces",
    "count_requests",
    "count_to_ship",
    "find_cart",
    "find_open_request",
    "find_order",
    "find_receipt",
    "find_unpaid",
    "get_order",
    "get_order_of",
    "get_parcel",
    "get_parcel_of",
    "get_request",
    "has_goods_left",
    "has_open_request",
    "is_missing",
    "latest_requests",
    "list_corrections",
    "list_orders",
    "list_orders_of",
    "list_owed_parcels",
    "list_parcels",
    "list_parcels_of",
    "list_parcels_with_trouble",
    "list_parts",
    "list_quantities",
    "list_refunds",
    "lots_left",
    "owed_to",
    "parts_left",
    "quote",
    "weekly_sales",
]
