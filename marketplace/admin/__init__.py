"""The staff's home: what waits for a decision. Screens of a room live in that room."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.admin.commands import set_up_commands
    from marketplace.admin.views import blueprints

    mount(app, blueprints)
    set_up_commands(app)
