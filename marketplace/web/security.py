"""Headers that keep the browser strict: no inline code, no foreign origin, no framing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from marketplace.kernel.config import Config

OPEN_TO_ALL = ("/api/v1/public/", "/ledger/")
"""Where programs read what everybody may know; pages of all origins may, without cookies."""

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="memory://")


def same_origin(view: Callable[..., Any]) -> Callable[..., Any]:
    """Accept this form without a token, from our own pages only.

    A token lives in the session, so a page with one cannot be shared between visitors (see
    `caching`). Instead the browser's word is taken: it names the origin of every form it posts,
    which a foreign page cannot change, and `SameSite=Lax` keeps our cookies out of foreign posts.
    Only for acts as small as putting goods into a cart. Stands below the route, above the access.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if current_app.config["WTF_CSRF_ENABLED"] and not _comes_from_here():
            raise CSRFError("The form was not sent from one of our pages.")
        return view(*args, **kwargs)

    csrf.exempt(checked)
    return checked


def _comes_from_here() -> bool:
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return bool(origin) and urlsplit(origin).netloc == request.host


def set_up_security(app: Flask, config: Config) -> None:
    """Protect every form and every answer."""
    csrf.init_app(app)
    limiter.enabled = config.rate_limits
    limiter.init_app(app)
    policy = "; ".join(
        [
            # 'self' and not 'none': some browsers fetch the sprite's symbols under it.
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            *(f"{kind}-src 'none'" for kind in ("object", "frame", "media", "font", "worker")),
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"form-action 'self' {config.stripe_checkout_origin}",
        ]
    )

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=()")
        if request.path.startswith(OPEN_TO_ALL):
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = "ETag, X-Request-Id"
            if request.method == "OPTIONS":
                headers["Access-Control-Allow-Methods"] = "GET"
                headers["Access-Control-Allow-Headers"] = "If-None-Match"
                headers["Access-Control-Max-Age"] = "86400"
        if config.is_https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response
