"""The migrations run once per test process; each test is rolled back."""

from __future__ import annotations

import contextvars
import gc
import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from marketplace import create_app
from marketplace.kernel.config import Config, read_config
from marketplace.kernel.db import db
from tests.postgresql import Cluster
from tests.stages import Stage, Stages

ROOT = Path(__file__).resolve().parent.parent

# How long an example takes is the machine's affair.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser):
    parser.addoption(
        "--engine", choices=["sqlite", "postgresql"], default="sqlite", help="database to test on"
    )


def pytest_configure(config):
    gc.disable()
    config.cluster = None
    if config.getoption("--engine") == "postgresql" and not hasattr(config, "workerinput"):
        config.cluster = Cluster()
        config.cluster.start()
        os.environ["LUMBUNG_TEST_POSTGRESQL"] = config.cluster.url("postgres")


def pytest_collection_modifyitems(items):
    for item in items:
        if "engine_name" in item.fixturenames:
            item.add_marker(pytest.mark.database)


def pytest_collection_finish():
    """What was imported stays, so the collector of garbage need not look through it again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_unconfigure(config):
    if getattr(config, "cluster", None):
        config.cluster.stop()


def pytest_report_header(config):
    return f"engine: {config.getoption('--engine')}"


@pytest.fixture(scope="session")
def engine_name(request) -> str:
    return request.config.getoption("--engine")


def fresh_database(engine_name: str, folder: Path) -> str:
    """The address of a new database with all tables and nothing in them, to be used by `build`."""
    if engine_name == "sqlite":
        file = folder / "test.db"
        file.write_bytes(_migrated_file())
        return f"sqlite:///{file}"
    return _new_postgresql(template=_migrated_postgresql())


@cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory(prefix="lumbung-tables-") as folder:
        file = Path(folder) / "tables.db"
        _migrate(f"sqlite:///{file}", Path(folder))
        return file.read_bytes()


@cache
def _migrated_postgresql() -> str:
    url = _new_postgresql(template="template1")
    with tempfile.TemporaryDirectory(prefix="lumbung-tables-") as folder:
        _migrate(url, Path(folder))
    return sa.make_url(url).database or ""


def _new_postgresql(*, template: str) -> str:
    server = sa.make_url(os.environ["LUMBUNG_TEST_POSTGRESQL"])
    name = f"test_{secrets.token_hex(6)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.set(database=name).render_as_string(hide_password=False)


def _migrate(database_url: str, folder: Path) -> None:
    app = create_app(settings(database_url, folder))
    with app.app_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        upgrade()
        db.engine.dispose()


def settings(database_url: str, folder: Path, **more: str) -> Config:
    return read_config(
        {
            "LUMBUNG_DEMO": "1",
            "SECRET_KEY": "tests-only",
            "DATABASE_URL": database_url,
            "LUMBUNG_INSTANCE": str(folder),
            "LUMBUNG_RATE_LIMITS": "0",
            "STRIPE_API_BASE": "http://127.0.0.1:9",
            **more,
        },
        ROOT,
    )


def build(config: Config) -> Flask:
    """The application as the tests want it."""
    app = create_app(config)
    app.config["TESTING"] = False
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Browser
    return app


class Browser(FlaskClient):
    """Each request gets a context of its own, as on a server; the test's rows are re-read."""

    def open(self, *args, **kwargs):
        db.session.commit()
        try:
            return contextvars.Context().run(super().open, *args, **kwargs)
        finally:
            db.session.expire_all()


@pytest.fixture(scope="session")
def app(engine_name, tmp_path_factory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("instance")
    app = build(settings(fresh_database(engine_name, folder), folder))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def stages(app, engine_name, tmp_path_factory) -> Iterator[Stages]:
    def new_app() -> Flask:
        database_url = fresh_database(engine_name, tmp_path_factory.mktemp("stage"))
        # The same folder of the instance: what is sealed there is sealed with the key of `app`.
        return build(settings(database_url, Path(app.instance_path)))

    stages = Stages(new_app)
    yield stages
    stages.strike()


@pytest.fixture(scope="session")
def stage() -> Stage | None:
    """What stands in the database when a test begins: nothing, where a room says no other."""
    return None


@pytest.fixture
def database(app, stage) -> Iterator[None]:
    """An outer transaction that is rolled back; `transaction()` commits to a savepoint in it."""
    with app.app_context():
        engine = db.engine
        connection = (stage.engine if stage else engine).connect()
        outer = connection.begin()
        db._app_engines[app][None] = connection
        db.session.remove()
        db.session.configure(join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            db._app_engines[app][None] = engine


@pytest.fixture
def client(app, database) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def committed(engine_name, tmp_path) -> Iterator[Flask]:
    """An application on a database of its own, where commits are real: for races."""
    app = build(settings(fresh_database(engine_name, tmp_path), tmp_path))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
