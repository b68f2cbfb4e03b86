"""Static files under content-hashed addresses, kept by browsers for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for


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


def set_up_assets(app: Flask) -> None:
    """Let browsers keep fingerprinted files for a year; modules are asked for again."""
    app.jinja_env.globals["static_url"] = static_url

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code == 200:
            if "v" in request.args:
                response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
            else:
                response.headers["Cache-Control"] = "no-cache"
        return response
