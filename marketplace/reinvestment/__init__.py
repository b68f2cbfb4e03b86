"""Village programs: proposals with four eyes, allocations, disbursements, pledges of sponsors."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.reinvestment.views import blueprints

    mount(app, blueprints)
