"""A person of the staff sets up the app whose codes stand for a signature."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.authenticators import (
    add_authenticator,
    confirm_authenticator,
    find_authenticator,
    forget_authenticator,
    use_code,
)
from marketplace.accounts.errors import PasswordWrong, SignInRefused
from marketplace.accounts.forms import CodeForm, NewAuthenticatorForm
from marketplace.accounts.models import Role
from marketplace.accounts.operations import authenticate
from marketplace.accounts.views.sign_in import accounts
from marketplace.kernel import totp
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now
from marketplace.web.forms import render_form
from marketplace.web.security import limiter


@accounts.get("/authenticator")
@staff(Role.ADMIN)
def show_authenticator() -> ResponseReturnValue:
    return _show()


@accounts.post("/authenticator")
@limiter.limit("10/minute")
@staff(Role.ADMIN)
def new_authenticator() -> ResponseReturnValue:
    """Make a secret, for whoever knows the password too."""
    form = NewAuthenticatorForm()
    if form.validate_on_submit():
        try:
            authenticate(current_user.email, form.password.data or "")
        except SignInRefused:
            form.refuse("password", PasswordWrong())
        else:
            with transaction():
                add_authenticator(current_user, at=now())
            return redirect(url_for(".show_authenticator"))
    return _show(start=form)


@accounts.post("/authenticator/confirmation")
@limiter.limit("10/minute")
@staff(Role.ADMIN)
def new_authenticator_confirmation() -> ResponseReturnValue:
    form = CodeForm()
    if form.validate_on_submit():
        with transaction():
            error = confirm_authenticator(current_user.id, form.code.data or "", at=now())
        if error is None:
            flash(_("Set up. From now on you are asked for a code at each signature."), "ok")
            return redirect(url_for(".show_authenticator"))
        form.refuse("code", error)
    return _show(code=form)


@accounts.post("/authenticator/removal")
@limiter.limit("10/minute")
@staff(Role.ADMIN)
def new_authenticator_removal() -> ResponseReturnValue:
    """Take it away, with one last code."""
    form = CodeForm()
    if form.validate_on_submit():
        with transaction():
            error = use_code(
                current_user.id, form.code.data or "", address=request.remote_addr, at=now()
            )
            if error is None:
                forget_authenticator(current_user.id, at=now())
        if error is None:
            flash(_("Removed. You are asked for no code any more."), "ok")
            return redirect(url_for(".show_authenticator"))
        form.refuse("code", error)
    return _show(code=form)


def _show(
    *, start: NewAuthenticatorForm | None = None, code: CodeForm | None = None
) -> ResponseReturnValue:
    found = find_authenticator(current_user.id)
    is_waiting = found is not None and found.confirmed_at is None
    return render_form(
        "accounts/authenticator.html",
        start or code or CodeForm(formdata=None),
        start=start or NewAuthenticatorForm(formdata=None),
        code=code or CodeForm(formdata=None),
        authenticator=found,
        # A secret is shown until its first code, never after.
        secret=found.secret if found and is_waiting else "",
        key_uri=totp.key_uri(found.secret, current_user.email) if found and is_waiting else "",
    )
