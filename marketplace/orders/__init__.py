"""Carts, checkout, orders, parcels, refunds of buyers and what cooperatives are owed."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.orders.views import blueprints

    mount(app, blueprints)
