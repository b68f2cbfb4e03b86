"""Commands that belong to no single room."""

from __future__ import annotations

from flask import Flask


def set_up_commands(app: Flask) -> None:
    """Attach them to `flask`."""
