"""What changes carts, orders and parcels. Nothing here commits or calls Stripe."""

from __future__ import annotations

from marketplace.orders.operations.arrivals import (
    assume_arrivals,
    remind_of_arrivals,
    report_missing,
)
from marketplace.orders.operations.bank_lines import settle_payout_by
from marketplace.orders.operations.carrier_invoices import draft_carrier_invoice, note_freight
from marketplace.orders.operations.carts import (
    add_to_cart,
    change_quantity,
    empty_cart,
    merge_carts,
    open_cart,
    remove_from_cart,
)
from marketplace.orders.operations.checkout import Address, place_order
from marketplace.orders.operations.disputes import book_dispute, rule_dispute
from marketplace.orders.operations.fulfillment import (
    correct_tracking,
    deliver_parcel,
    release_due,
    release_parcel,
    ship_parcel,
    trace_of_number,
)
from marketplace.orders.operations.lots import refuse_adjustment
from marketplace.orders.operations.payout_answers import reject_payout, settle_payout
from marketplace.orders.operations.payouts import cancel_batch, gather_payouts, release_batch
from marketplace.orders.operations.refunds import (
    book_refund,
    book_refund_failure,
    drop_refund,
    refund_order_part,
)
from marketplace.orders.operations.requests import (
    ask_cancellation,
    ask_return,
    refuse_request,
    withdraw_request,
)
from marketplace.orders.operations.revaluation import revalue_month
from marketplace.orders.operations.settlement import (
    book_returned_payment,
    book_stripe_fee,
    cancel_order,
    settle_order,
)

__all__ = [
    "Address",
    "add_to_cart",
    "ask_cancellation",
    "ask_return",
    "assume_arrivals",
    "book_dispute",
    "book_refund",
    "book_refund_failure",
    "book_returned_payment",
    "book_stripe_fee",
    "cancel_batch",
    "cancel_order",
    "change_quantity",
    "correct_tracking",
    "deliver_parcel",
    "draft_carrier_invoice",
    "drop_refund",
    "empty_cart",
    "gather_payouts",
    "merge_carts",
    "note_freight",
    "open_cart",
    "place_order",
    "refund_order_part",
    "refuse_adjustment",
    "refuse_request",
    "reject_payout",
    "release_batch",
    "release_due",
    "release_parcel",
    "remind_of_arrivals",
    "remove_from_cart",
    "report_missing",
    "revalue_month",
    "rule_dispute",
    "settle_order",
    "settle_payout",
    "settle_payout_by",
    "ship_parcel",
    "trace_of_number",
    "withdraw_request",
]
