"""Export: goods offered in bulk, RFQs and quotations between partners and cooperatives."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.trade.views import blueprints, set_up_words

    set_up_words(app)
    mount(app, blueprints)
