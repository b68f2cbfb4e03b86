"""Cooperatives, their members and bank accounts.

Owns cooperatives, memberships and coop_bank_accounts.
"""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.accounts.hooks import offer_home
    from marketplace.cooperatives.queries import names_by_slug
    from marketplace.cooperatives.views import blueprints, desk_of
    from marketplace.statements.owners import keep_cooperative_names

    offer_home(desk_of)
    keep_cooperative_names(names_by_slug)
    mount(app, blueprints)
