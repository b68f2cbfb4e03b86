from __future__ import annotations

import structlog
from flask import (
    Blueprint,
    Response,
    after_this_request,
    current_app,
    flash,
    redirect,
    request,
    session,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from marketplace.accounts.errors import EmailInvalid, EmailTaken, PasswordTooShort, SignInRefused
from marketplace.accounts.forms import RegisterForm, SignInForm
from marketplace.accounts.hooks import run_sign_in_hooks
from marketplace.accounts.models import User
from marketplace.accounts.operations import authenticate, create_user, note_event
from marketplace.accounts.views.demo import demo_accounts
from marketplace.accounts.views.reader import set_theme
from marketplace.accounts.views.sign_in_limits import limit_wrong_passwords
from marketplace.accounts.views.way_back import home_of, own_address
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now
from marketplace.web.access import LAST_READER, public
from marketplace.web.forms import render_form
from marketplace.web.locale import current_language
from marketplace.web.security import limiter

log = structlog.get_logger()

accounts = Blueprint("accounts", __name__)
accounts.post("/theme")(set_theme)


@accounts.route("/sign-in", methods=["GET", "POST"])
@limit_wrong_passwords
@public
def sign_in() -> ResponseReturnValue:
    form = SignInForm(next=request.args.get("next", ""), email=request.args.get("email", ""))
    if current_user.is_authenticated and request.method == "GET":
        return redirect(_after(form.next.data))
    if form.validate_on_submit():
        try:
            user = authenticate(form.email.data or "", form.password.data or "")
        except SignInRefused as error:
            with transaction():
                note_event("sign-in-refused", address=request.remote_addr, at=now())
            log.info("sign-in refused")
            form.refuse("password", error)
        else:
            _let_in(user)
            return redirect(_after(form.next.data))
    return render_form("accounts/sign_in.html", form, demo=demo_accounts(current_app))


@accounts.route("/register", methods=["GET", "POST"])
@limiter.limit("10/minute", methods=["POST"])
@public
def register() -> ResponseReturnValue:
    form = RegisterForm(next=request.args.get("next", ""))
    if current_user.is_authenticated:
        return redirect(_after(form.next.data))
    if form.validate_on_submit():
        try:
            with transaction():
                user = create_user(
                    form.email.data or "",
                    form.name.data or "",
                    form.password.data,
                    locale=current_language(),
                    at=now(),
                )
                note_event("terms-agreed", user_id=user.id, at=now())
        except (EmailInvalid, EmailTaken) as error:
            form.refuse("email", error)
        except PasswordTooShort as error:
            form.refuse("password", error)
        else:
            _let_in(user)
            flash(_("Your account is ready."))
            return redirect(_after(form.next.data))
    return render_form("accounts/register.html", form)


@accounts.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    if current_user.is_authenticated:
        with transaction():
            note_event("sign-out", user_id=current_user.id, address=request.remote_addr, at=now())
        logout_user()
        # Phones are shared: nothing of this reader stays for the next one.
        session.clear()
        flash(_("You are signed out."))
    answer = redirect(f"/{current_language()}/")
    answer.delete_cookie(LAST_READER)
    return answer


def _let_in(user: User) -> None:
    at = now()
    with transaction():
        note_event("sign-in", user_id=user.id, address=request.remote_addr, at=at)
        run_sign_in_hooks(user, at=at)
    login_user(user)
    _remember_reader(user.id)
    log.info("signed in", user=user.id)


def _remember_reader(user_id: int) -> None:
    """Note who was here, so that a form that outlives the session returns to nobody else."""

    @after_this_request
    def note(response: Response) -> Response:
        response.set_cookie(
            LAST_READER,
            str(user_id),
            max_age=30 * 24 * 3600,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
        return response


def _after(wanted: str | None) -> str:
    return own_address(wanted) or home_of(current_user)
