"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.kernel.db import db
from marketplace.migrations import newest_revision
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
        here = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        db.session.rollback()
        return jsonify(status="no database"), 503
    if here != newest_revision():
        return jsonify(status="migrations are missing"), 503
    return jsonify(status="ok")


def set_up_health(app: Flask) -> None:
    app.register_blueprint(bp)
