"""Lumbung: the one place where the rooms are put together into an application."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from marketplace import (
    accounts,
    admin,
    api,
    catalog,
    cooperatives,
    customs,
    demo,
    drawings,
    openbook,
    orders,
    payments,
    reference,
    reinvestment,
    trade,
)
from marketplace.commands import set_up_commands
from marketplace.kernel.config import Config, read_config
from marketplace.kernel.crypto import set_field_keys
from marketplace.kernel.db import db, set_up_engine
from marketplace.logs import set_up_logs
from marketplace.migrations import set_up_migrations
from marketplace.navigation import set_up_navigation
from marketplace.seal_checks import register_checks
from marketplace.web.addresses import set_up_addresses
from marketplace.web.assets import set_up_assets
from marketplace.web.caching import set_up_caching
from marketplace.web.errors import set_up_errors
from marketplace.web.formats import set_up_formats
from marketplace.web.health import set_up_health
from marketplace.web.locale import set_up_locale
from marketplace.web.security import set_up_security
from marketplace.web.templates import Templates

ROOT = Path(__file__).resolve().parent.parent


class Lumbung(Flask):
    jinja_environment = Templates


def create_app(config: Config | None = None) -> Flask:
    """Build the application from `config`, or from the environment."""
    config = config or read_config(os.environ, ROOT)
    config.instance.mkdir(parents=True, exist_ok=True)
    app = Lumbung(__name__, instance_path=str(config.instance))
    app.config.update(
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        SESSION_COOKIE_NAME="lumbung",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.is_https,
        WTF_CSRF_TIME_LIMIT=None,
        LUMBUNG=config,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["draw"] = drawings
    set_field_keys(config.field_keys())
    db.init_app(app)
    with app.app_context():
        set_up_engine(db.engine)
    set_up_migrations(app)
    set_up_logs()
    set_up_addresses(app)
    set_up_errors(app)
    set_up_locale(app)
    set_up_formats(app)
    set_up_assets(app)
    set_up_caching(app)
    set_up_security(app, config)
    set_up_navigation(app, config)
    set_up_health(app)
    set_up_commands(app)
    for room in ROOMS:
        room.set_up(app, config)
    register_checks()
    return app


ROOMS = (
    accounts,
    reference,
    cooperatives,
    customs,
    catalog,
    payments,
    orders,
    trade,
    reinvestment,
    openbook,
    api,
    admin,
    demo,
)
