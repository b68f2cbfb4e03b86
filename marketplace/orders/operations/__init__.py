"""What changes carts, orders and parcels. Nothing here commits or calls Stripe."""

from __future__ import annotations

from marketplace.orders.operations.carts import (
    add_to_cart,
    change_quantity,
    empty_cart,
    merge_carts,
    open_cart,
    remove_from_cart,
)
from marketplace.orders.operations.checkout import Address, place_order
from marketplace.orders.operations.fulfillment import (
    deliver_parcel,
    release_due,
    release_parcel,
    ship_parcel,
)
from marketplace.orders.operations.refunds import (
    book_refund,
    book_refund_failure,
    drop_refund,
    refund_order_part,
)
from marketplace.orders.operations.settlement import (
    book_returned_payment,
    book_stripe_fee,
    cancel_order,
    settle_order,
)

__all__ = [
    "Address",
    "add_to_cart",
    "book_refund",
    "book_refund_failure",
    "book_returned_payment",
    "book_stripe_fee",
    "cancel_order",
    "change_quantity",
    "deliver_parcel",
    "drop_refund",
    "empty_cart",
    "merge_carts",
    "open_cart",
    "place_order",
    "refund_order_part",
    "release_due",
    "release_parcel",
    "remove_from_cart",
    "settle_order",
    "ship_parcel",
]
