"""Who may use an endpoint. Every view carries one of these marks; a test walks all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import Unauthorized

from marketplace.kernel.db import transaction
from marketplace.kernel.keeping import Fields, find_kept_form, keep_form
from marketplace.kernel.time import now

# Who was signed in last in this browser; only narrows who gets back what was typed.
LAST_READER = "last_reader"

View = TypeVar("View", bound=Callable[..., Any])


def declares(access: str) -> Callable[[View], View]:
    """Mark a view with the words of its access rule."""

    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Anyone may see this."""
    return declares("public")(view)


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Anyone with an account; strangers are asked to sign in."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        require_sign_in()
        return view(*args, **kwargs)

    return declares("signed in")(checked)


def require_sign_in() -> None:
    """Raise Unauthorized for strangers; the error page sends them to sign in and back."""
    if not current_user.is_authenticated:
        raise Unauthorized


def ask_to_sign_in() -> ResponseReturnValue:
    """Send a stranger to the sign-in page, keeping a posted form for the way back."""
    if request.method == "POST":
        kept = [
            (name, value)
            for name, value in request.form.items(multi=True)
            if name != "csrf_token" and "password" not in name
        ]
        photos = [file.filename for file in request.files.values() if file.filename]
        _keep(kept, files=[name[-40:] for name in photos[:8]])
    return redirect(url_for("accounts.sign_in", next=_page_asked_for()))


def _keep(fields: Fields, *, files: list[str]) -> None:
    """Keep what was typed for the page it was typed on, and for whoever was signed in last."""
    last = request.cookies.get(LAST_READER, "")
    with transaction():
        token = keep_form(fields, user_id=int(last) if last.isdecimal() else None, at=now())
    if token is None:
        flash(_("What you typed was too long to keep. Go back to copy it before you sign in."))
    else:
        path = urlsplit(_page_asked_for()).path
        session["kept_form"] = {
            "path": path,
            "token": token,
            "sent_to": request.path,
            "files": files,
        }
        flash(_("Your session has ended. What you typed is kept: sign in, and it comes back."))


def kept_for() -> str | None:
    """The address that a form of this page, kept for this reader, was sent to."""
    kept = session.get("kept_form")
    if not kept or kept.get("path") != request.path or not current_user.is_authenticated:
        return None
    return str(kept.get("sent_to") or request.path)


def take_kept_fields() -> Fields | None:
    """What this reader typed on this page before the session ended; once."""
    if kept_for() is None:
        return None
    kept = session.pop("kept_form")
    fields = find_kept_form(kept["token"], user_id=current_user.id, at=now())
    if fields is not None:
        flash(_("This is not saved yet: your session had ended. Send it again."), "wait")
    if fields is not None and kept.get("files"):
        flash(_("Choose these photos again: %(files)s", files=", ".join(kept["files"])), "wait")
    return fields


def has_lost_session() -> bool:
    """Whether a stranger sent a form of ours that needs an account: their session ended.

    A form sent by another site's page is never kept for later.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    needs_account = getattr(view, "access", "public") != "public"
    is_ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return needs_account and is_ours and not current_user.is_authenticated


def page_sent_from() -> str | None:
    """The page of ours on which the form stands that was sent, where the browser tells."""
    sent_from = urlsplit(request.referrer or "")
    if sent_from.netloc != request.host:
        return None
    query = f"?{sent_from.query}" if sent_from.query else ""
    return f"{sent_from.path}{query}"


def _page_asked_for() -> str:
    """This address; for one that only takes posts, the page its form stands on."""
    address = request.full_path.rstrip("?")
    if request.url_rule is not None and "GET" not in (request.url_rule.methods or ()):
        return page_sent_from() or address
    return address
