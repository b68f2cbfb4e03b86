"""How often a password may be wrong, and what is said to who must wait."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, current_app, make_response, render_template, request
from flask_babel import ngettext
from flask_limiter import RequestLimit
from flask_limiter.util import get_remote_address

from marketplace.accounts.forms import SignInForm
from marketplace.accounts.policies import LONGEST_EMAIL
from marketplace.accounts.views.demo import demo_accounts
from marketplace.kernel.time import now
from marketplace.web.security import limiter

OF_ACCOUNT = "10/minute"
OF_ADDRESS = "60/minute"

log = structlog.get_logger()


def limit_wrong_passwords(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let the view answer so many refused posts for one account, and for all from one address.

    Over the limit the form is shown again, with 429 and the time to wait. Stands below the route.
    """
    of_account = limiter.limit(
        OF_ACCOUNT,
        methods=["POST"],
        key_func=_account_tried,
        deduct_when=_is_refused,
        on_breach=_account_waits,
    )
    of_address = limiter.limit(
        OF_ADDRESS, methods=["POST"], deduct_when=_is_refused, on_breach=_everybody_waits
    )
    limited: Callable[..., Any] = of_account(of_address(view))
    return limited


def _account_tried() -> str:
    """The account, and from where: others of the same office are not locked out with it."""
    email = request.form.get("email", "").strip().lower()[:LONGEST_EMAIL]
    return f"{get_remote_address()} {email}"


def _is_refused(response: Response) -> bool:
    return response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def _account_waits(limit: RequestLimit) -> Response:
    seconds = _seconds_until(limit)
    return _ask_to_wait(
        seconds,
        ngettext(
            "Too many wrong passwords for this e-mail address. Wait %(num)s second, then try "
            "again.",
            "Too many wrong passwords for this e-mail address. Wait %(num)s seconds, then try "
            "again.",
            seconds,
        ),
    )


def _everybody_waits(limit: RequestLimit) -> Response:
    seconds = _seconds_until(limit)
    return _ask_to_wait(
        seconds,
        ngettext(
            "Too many wrong passwords came from your internet connection. Wait %(num)s second, "
            "then try again.",
            "Too many wrong passwords came from your internet connection. Wait %(num)s seconds, "
            "then try again.",
            seconds,
        ),
    )


def _seconds_until(limit: RequestLimit) -> int:
    return max(1, limit.reset_at - int(now().timestamp()))


def _ask_to_wait(seconds: int, sentence: str) -> Response:
    """The form as it was sent, with why it was not looked at."""
    log.info("sign-in limited")
    page = render_template(
        "accounts/sign_in.html", form=SignInForm(), wait=sentence, demo=demo_accounts(current_app)
    )
    answer = make_response(page, HTTPStatus.TOO_MANY_REQUESTS)
    answer.headers["Retry-After"] = str(seconds)
    return answer
