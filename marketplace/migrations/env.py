"""Runs migrations on the application's engine, for both databases."""

from importlib import import_module

from alembic import context
from flask import current_app

from marketplace.kernel.db import db, migrating

ROOMS = (
    "accounts",
    "catalog",
    "cooperatives",
    "customs",
    "ledger",
    "orders",
    "payments",
    "reference",
    "reinvestment",
    "trade",
)


def run() -> None:
    for room in ROOMS:
        import_module(f"marketplace.{room}.models")
    import_module("marketplace.kernel.outbox")
    import_module("marketplace.kernel.keeping")
    with migrating(), db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
