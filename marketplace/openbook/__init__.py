"""The open ledger: totals, programs, map and receipt check, for anyone. Reads only."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.openbook.views import blueprints

    mount(app, blueprints)
