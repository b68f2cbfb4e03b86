"""What a reader chooses without an account: language and appearance."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from marketplace.accounts.views.way_back import own_address
from marketplace.web.access import public
from marketplace.web.locale import preferred_language
from marketplace.web.security import csrf

A_YEAR = 365 * 24 * 3600

front = Blueprint("front", __name__, url_prefix="/!")


@front.get("/")
@public
def show_front() -> ResponseReturnValue:
    """Send the reader to the home page of their language."""
    response = redirect(f"/{preferred_language()}/")
    response.headers["Cache-Control"] = "private, no-store"
    response.vary.update(["Accept-Language", "Cookie"])
    return response


@public
def set_theme() -> ResponseReturnValue:
    """Keep the appearance in a cookie. Nothing is stored, so cached pages may post here."""
    theme = request.form.get("theme", "")
    response = redirect(own_address(request.form.get("next")) or f"/{preferred_language()}/")
    if theme in {"light", "dark"}:
        remember(response, "theme", theme)
    else:
        response.delete_cookie("theme")
    return response


csrf.exempt(set_theme)


def remember(response: BaseResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax", secure=request.is_secure)


def set_up_language_cookie(app: Flask) -> None:
    """Remember the language of the page where it is not the one we would have guessed."""

    @app.after_request
    def keep(response: Response) -> Response:
        lang = g.get("lang")
        is_page = request.method == "GET" and response.mimetype == "text/html"
        if lang and is_page and response.status_code == 200 and lang != preferred_language():
            remember(response, "lang", lang)
        return response
