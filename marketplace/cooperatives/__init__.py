"""Cooperatives, their members and bank accounts. Owns cooperatives, memberships, coop_bank_accounts."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.cooperatives.views import blueprints

    mount(app, blueprints)
