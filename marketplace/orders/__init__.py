"""Carts, checkout, orders, parcels, refunds of buyers, and payouts to cooperatives."""

from __future__ import annotations

from functools import partial

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.accounts.hooks import on_sign_in
    from marketplace.ledger.hooks import keep_from_adjustments, on_month_end
    from marketplace.orders import operations
    from marketplace.orders.audit import register_checks
    from marketplace.orders.commands import set_up_commands
    from marketplace.orders.views import blueprints
    from marketplace.orders.views.behind import show_payout_behind
    from marketplace.orders.views.browser import adopt_cart, count_cart
    from marketplace.orders.views.carrier_invoices import offer_carrier_invoice
    from marketplace.payments.hooks import (
        BankKind,
        Purpose,
        on_bank_line,
        register,
        register_bank_kind,
    )
    from marketplace.statements.hooks import on_entry_page

    mount(app, blueprints)
    app.context_processor(count_cart)
    on_sign_in(adopt_cart)
    register(
        "order",
        Purpose(
            settled=operations.settle_order,
            fee=operations.book_stripe_fee,
            refunded=operations.book_refund,
            returned=operations.book_returned_payment,
            dropped=operations.drop_refund,
            bounced=operations.book_refund_failure,
            disputed=operations.book_dispute,
        ),
    )
    on_bank_line(operations.settle_payout_by)
    on_entry_page(show_payout_behind)
    register_bank_kind(
        "carrier_invoice",
        BankKind(draft=operations.draft_carrier_invoice, booked=operations.note_freight),
    )
    offer_carrier_invoice()
    register_checks()
    keep_from_adjustments(operations.refuse_adjustment)
    on_month_end(
        "revaluation",
        partial(operations.revalue_month, oldest_days=config.oldest_closing_rate_days),
    )
    set_up_commands(app)
