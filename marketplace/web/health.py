"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from marketplace.kernel.db import db
from marketplace.web.access import public
from marketplace.web.security import limiter

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@limiter.exempt
@public
def alive() -> ResponseReturnValue:
    return jsonify(status="ok")


@bp.get("/readyz")
@limiter.exempt
@public
def ready() -> ResponseReturnValue:
    """200 when the database answers and stands at the newest migration, else 503."""
    try:
        here = MigrationContext.configure(db.session.connection()).get_current_heads()
    except SQLAlchemyError:
        return jsonify(status="no database"), 503
    wanted = ScriptDirectory(current_app.extensions["migrate"].directory).get_heads()
    if set(here) != set(wanted):
        return jsonify(status="migrations are missing"), 503
    return jsonify(status="ok")


def set_up_health(app: Flask) -> None:
    app.register_blueprint(bp)
