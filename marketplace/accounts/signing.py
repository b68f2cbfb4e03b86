"""A fresh code at each signature: for views that sign, and for the forms that lead to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from flask import current_app, flash, redirect, request, url_for
from flask_login import current_user

from marketplace.accounts.authenticators import signs_with_code, use_code
from marketplace.accounts.views.way_back import home_of, own_address
from marketplace.kernel.config import Config
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.time import now
from marketplace.web.access import page_sent_from
from marketplace.web.errors import explain

log = structlog.get_logger()
CODE = "code"

AnyView = Callable[..., Any]


def refusal_of_code() -> DomainError | None:
    """Why the code that was sent does not sign; None where it does, or where none is asked for."""
    config: Config = current_app.config["LUMBUNG"]
    with transaction():
        error = use_code(
            current_user.id,
            request.form.get(CODE, ""),
            is_needed=config.signing_needs_code,
            address=request.remote_addr,
            at=now(),
        )
    if error is not None:
        log.info("signature without code", by=current_user.id, why=type(error).__name__)
    return error


def asks_code(view: AnyView) -> AnyView:
    """Sign with a fresh code only. Without it nothing happens, and the page says why."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        error = refusal_of_code()
        if error is None:
            return view(*args, **kwargs)
        flash(explain(error), "bad")
        return redirect(own_address(page_sent_from()) or home_of(current_user))

    return checked


def code_asked() -> str:
    """For templates: `code` where the reader signs with one, else what to do to have one."""
    config: Config = current_app.config["LUMBUNG"]
    if signs_with_code(current_user.id):
        return "code"
    return "needed" if config.signing_needs_code else "offered"


def authenticator_url() -> str:
    return url_for("accounts.show_authenticator")
