"""Databases in which something stands already, for rooms whose tests begin alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask

from marketplace.kernel.db import Base, db

Row = TypeVar("Row", bound=Base)


class Stage:
    """What `make` made, committed in a database of its own; tests on it are rolled back."""

    def __init__(self, app: Flask, make: Callable[[], Any]) -> None:
        with app.app_context():
            self.things = make()
            db.session.commit()
            db.session.remove()
            self.engine = db.engine


class Stages:
    """`stages(make)` is the stage of `make`, built once per process."""

    def __init__(self, new_app: Callable[[], Flask]) -> None:
        self.new_app = new_app
        self.built: dict[Callable[[], Any], Stage] = {}

    def __call__(self, make: Callable[[], Any]) -> Stage:
        if make not in self.built:
            self.built[make] = Stage(self.new_app(), make)
        return self.built[make]

    def strike(self) -> None:
        """Let go of the databases."""
        for stage in self.built.values():
            stage.engine.dispose()


def here(row: Row) -> Row:
    """The row of a stage, read in the test's own session."""
    return db.session.get_one(type(row), sa.inspect(row).identity)
