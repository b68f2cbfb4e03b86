"""The database of both engines: models' base, column types, the one place that commits."""

from __future__ import annotations

import contextvars
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    bindparam,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from marketplace.kernel.errors import NotFound
from marketplace.kernel.time import in_utc

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_writing: contextvars.ContextVar[bool] = contextvars.ContextVar("writing", default=False)
# macOS has no call for the content alone.
_sync = getattr(os, "fdatasync", os.fsync)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC on both engines; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Rate(TypeDecorator[Decimal]):
    """An exact decimal kept as text, so that both engines return the same digits."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError("a rate is a Decimal")
        return str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


JsonValue = JSON().with_variant(JSONB(), "postgresql")
BigId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={
            datetime: UtcDateTime,
            Decimal: Rate,
            dict[str, Any]: JsonValue,
            dict[str, int]: JsonValue,
            list[Any]: JsonValue,
            StrEnum: Enum(
                StrEnum,
                native_enum=False,
                length=24,
                values_callable=lambda kind: [member.value for member in kind],
            ),
        },
    )


db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    session_options={"expire_on_commit": False},
)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


@contextmanager
def transaction() -> Iterator[None]:
    """Commit on success, roll back on any exception.

    Opened by views, webhooks, commands and tasks only; operations never commit. On SQLite the
    transaction begins IMMEDIATE behind a lock that all processes queue for.
    """
    if _writing.get():
        raise RuntimeError("a transaction is already open")
    session = db.session()
    if session.in_transaction():
        session.commit()
    with _writers_queue(db.engine.engine):
        token = _writing.set(True)
        try:
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            _writing.reset(token)


@contextmanager
def snapshot() -> Iterator[None]:
    """Answer every question as of one instant, however long the reading takes.

    Opened by commands that only read; SQLite does so by itself as long as a transaction lasts.
    """
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield
    finally:
        db.session.rollback()


@contextmanager
def migrating() -> Iterator[None]:
    """Begin transactions of the schema's changes as a writer."""
    with _writers_queue(db.engine.engine):
        token = _writing.set(True)
        try:
            yield
        finally:
            _writing.reset(token)


T = TypeVar("T", bound=Base)


def lock(model: type[T], key: object) -> T:
    """Return the row with its newest values, locked until the transaction ends.

    Raises NotFound. On SQLite the transaction itself is the lock.
    """
    row: T | None = db.session.scalars(_locked(model), {"key": key}).unique().one_or_none()
    if row is None:
        raise NotFound
    return row


@cache
def _locked(model: type[T]) -> Select[T]:
    """The question of `lock`; putting it into words takes longer than the answer."""
    (key,) = inspect(model).primary_key
    return (
        select(model)
        .where(key == bindparam("key"))
        .with_for_update(of=model)
        .execution_options(populate_existing=True)
    )


def lock_word(word: str) -> None:
    """Wait until no other transaction holds `word`, and hold it until this one ends.

    For what no row stands for yet. On SQLite the transaction itself is the lock.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(word, 0))))


def set_up_engine(engine: Engine) -> None:
    """Give SQLite the manners the ledger needs; PostgreSQL gets time limits."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        # A writer waits for the disk itself, see `_writers_queue`.
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "busy_timeout=10000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_up_postgresql(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.execute("SET statement_timeout = '30s'")
    connection.execute("SET idle_in_transaction_session_timeout = '60s'")
    connection.commit()


@contextmanager
def _writers_queue(engine: Engine) -> Iterator[None]:
    """Queue the writers of all processes on SQLite, whose own waiting is unfair.

    A writer goes on once its commit is on the disk. It waits for that after the next one has been
    let in, so that one wait of the disk serves all who came meanwhile.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    handle = os.open(f"{engine.url.database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
    _wait_for_disk(f"{engine.url.database}-wal")


def _wait_for_disk(log: str) -> None:
    """Return when all of SQLite's write-ahead log is on the disk.

    Where there is none, its last reader has written it into the database and waited.
    """
    try:
        handle = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def insert_once(model: type[Base], values: dict[str, Any]) -> bool:
    """Write the row, or leave the one alone that has its key already; whether it was written.

    Of two at once the second waits for the first.
    """
    connection = db.session.connection()
    return connection.execute(_once(model, connection.dialect.name), values).rowcount == 1


@cache
def _once(model: type[Base], engine: str) -> Insert:
    dialect = postgresql if engine == "postgresql" else sqlite
    statement: Insert = dialect.insert(model.__table__).on_conflict_do_nothing()
    # Without asking for it, the count of an INSERT is lost on PostgreSQL.
    return statement.execution_options(preserve_rowcount=True)


def exists(statement: Any) -> bool:
    """Whether `statement` (a select) finds any row."""
    return db.session.scalar(select(statement.exists())) is True
