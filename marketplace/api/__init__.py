"""The public screens once more, as JSON for programs: same queries, same figures. Reads only.

Documented in docs/api.md, whose examples the tests read.
"""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.api.views import blueprints

    mount(app, blueprints)
