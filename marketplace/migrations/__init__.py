"""Changes of the schema, one after the other, numbered in their order."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from click import get_current_context
from flask import Flask

from marketplace.kernel.db import db

FOLDER = Path(__file__).resolve().parent


@cache
def newest_revision() -> str:
    """The number of the last change, as the database notes it."""
    return max(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def set_up_migrations(app: Flask) -> None:
    """Offer `flask db …` to commands; a web process needs none of what that loads."""
    if get_current_context(silent=True):
        _load(app)
    else:
        app.extensions["migrate"] = LateMigrate(app)


class LateMigrate:
    """Stands for Flask-Migrate until somebody asks it for something."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        _load(self._app)
        return getattr(self._app.extensions["migrate"], name)


def _load(app: Flask) -> None:
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(FOLDER))
