"""Static files under content-hashed addresses, kept by browsers for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.web.access import public
from marketplace.web.security import limiter


@cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "missing"


def static_url(name: str) -> str:
    """The address of a static file, with its fingerprint."""
    known: dict[tuple[str, str], str] = current_app.extensions.setdefault("static_urls", {})
    key = (request.script_root if request else "", name)
    if key not in known:
        path = Path(current_app.static_folder or "") / name
        known[key] = url_for("static", filename=name, v=_fingerprint(path))
    return known[key]


# What has nothing to say to a search engine: desks, staff, and a reader's own pages.
ROBOTS = "\n".join(
    [
        "User-agent: *",
        *(f"Disallow: /*/{place}" for place in ("c/", "admin", "cart", "checkout", "orders", "r/")),
        "Allow: /",
        "",
    ]
)

bp = Blueprint("assets", __name__)


@bp.get("/robots.txt")
@limiter.exempt
@public
def robots() -> Response:
    return Response(ROBOTS, mimetype="text/plain")


@bp.get("/favicon.ico")
@limiter.exempt
@public
def favicon() -> ResponseReturnValue:
    """Browsers ask for it unbidden; ours is the mark."""
    return redirect(static_url("mark.svg"))


def set_up_assets(app: Flask) -> None:
    """Let browsers keep fingerprinted files for a year; modules are asked for again."""
    app.jinja_env.globals["static_url"] = static_url
    app.register_blueprint(bp)

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code == 200:
            if "v" in request.args:
                response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
            else:
                response.headers["Cache-Control"] = "no-cache"
        return response
