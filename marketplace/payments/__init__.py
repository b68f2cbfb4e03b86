"""Stripe: checkout sessions, refunds, webhook events, balance transactions."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.ledger.hooks import keep_from_adjustments
    from marketplace.payments import adjustments, audit, bookings, recon_audit
    from marketplace.payments.views import blueprints

    mount(app, blueprints)
    audit.register_checks()
    recon_audit.register_checks()
    bookings.register_kinds()
    keep_from_adjustments(adjustments.refuse_adjustment)
