"""Somebody with a database console: guards, checks and keys out of the way until the block ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from marketplace.kernel.db import db


@contextmanager
def tampering() -> Iterator[None]:
    db.session.flush()
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name in connection.execute(
            sa.text(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint"
                " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
            )
        ).all():
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        connection.exec_driver_sql("SET session_replication_role = replica")
        try:
            yield
            db.session.flush()
        finally:
            connection.exec_driver_sql("SET session_replication_role = origin")
        return
    guards = connection.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE name LIKE 'ledger_guard_%'")
    ).all()
    for name, _ in guards:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    try:
        yield
        db.session.flush()
    finally:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
        for _, sql in guards:
            connection.exec_driver_sql(sql)


def tamper(statement: str, **values: object) -> None:
    """Run `statement` past everything that would refuse it."""
    with tampering():
        db.session.execute(sa.text(statement), values)
    db.session.expire_all()
