"""The only place that knows both sides: refusals of rules and the statuses of HTTP."""

from __future__ import annotations

import secrets
from datetime import date
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, Unauthorized

from marketplace.kernel import errors
from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.web.access import ask_to_sign_in, has_lost_session
from marketplace.web.addresses import page_above
from marketplace.web.formats import format_day, format_money
from marketplace.web.locale import LANGUAGES

log = structlog.get_logger()

STATUSES: dict[type[errors.DomainError], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NotPermitted: HTTPStatus.FORBIDDEN,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
}

FOR_PROGRAMS = ("/api/", "/webhooks/", "/ledger/")
"""Addresses that programs ask; people's pages begin with their language."""


def explain(error: errors.DomainError) -> str:
    """The refusal in the reader's language, money in the reader's format."""
    facts = {name: _in_words(fact) for name, fact in error.facts.items()}
    message: str = gettext(error.message)
    return message % facts if facts else message


def _in_words(fact: object) -> object:
    if isinstance(fact, Money):
        return format_money(fact)
    return format_day(fact) if type(fact) is date else fact


def status_of(error: errors.DomainError) -> HTTPStatus:
    for kind, status in STATUSES.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.CONFLICT


def set_up_errors(app: Flask) -> None:
    """Answer every refusal and every fault with a page (JSON for programs) and a request id."""

    @app.before_request
    def name_request() -> None:
        g.request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def show_request_id(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response

    @app.errorhandler(errors.DomainError)
    def refused(error: errors.DomainError) -> ResponseReturnValue:
        db.session.rollback()
        status = status_of(error)
        log.info("refused", rule=type(error).__name__, path=request.path)
        return error_page(status, explain(error))

    @app.errorhandler(Unauthorized)
    def stranger(_: Unauthorized) -> ResponseReturnValue:
        if request.path.startswith(FOR_PROGRAMS):
            return error_page(HTTPStatus.UNAUTHORIZED, gettext("Sign in first."))
        return ask_to_sign_in()

    @app.errorhandler(CSRFError)
    def stale_form(_: CSRFError) -> ResponseReturnValue:
        sentence = gettext("This page was open for too long. Go back, reload it and send it again.")
        page = error_page(HTTPStatus.BAD_REQUEST, sentence)
        return ask_to_sign_in() if has_lost_session() else page

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400 or error.response is not None:
            return error.get_response()
        page = _page_of_form() if isinstance(error, MethodNotAllowed) else None
        return redirect(page, 303) if page else error_page(HTTPStatus(error.code), None)

    @app.errorhandler(Exception)
    def fault(error: Exception) -> ResponseReturnValue:
        db.session.rollback()
        log.exception("fault", path=request.path, method=request.method)
        return error_page(HTTPStatus.INTERNAL_SERVER_ERROR, None)


def _page_of_form() -> str | None:
    """Where to lead who opens the address that a form is sent to: the page of the form."""
    is_ours = request.path.lstrip("/").partition("/")[0] in LANGUAGES
    return page_above(request.path) if request.method == "GET" and is_ours else None


def error_page(status: HTTPStatus, sentence: str | None) -> ResponseReturnValue:
    """A page with the status, one sentence and the request id."""
    if request.path.startswith(FOR_PROGRAMS):
        answer = jsonify(error=sentence or status.phrase, request_id=g.get("request_id"))
        # In the reader's language, and what is missing now may be there in a moment.
        answer.vary.update(("Accept-Language", "Cookie"))
        answer.headers["Cache-Control"] = "no-store"
        return answer, status
    page = render_template(
        "error.html", status=status.value, sentence=sentence, request_id=g.get("request_id", "")
    )
    return page, status
