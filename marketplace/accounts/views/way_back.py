"""Where a reader goes after signing in: only ever to pages of our own."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException

from marketplace.accounts.hooks import offered_home
from marketplace.accounts.models import Role, User
from marketplace.accounts.queries import find_trading_organization
from marketplace.web.locale import current_language


def own_address(text: str | None) -> str | None:
    """`text` if it is the path of a page of ours that can be opened, else None."""
    if not text or not text.startswith("/") or "\\" in text or not text.isprintable():
        return None
    if text.startswith("//"):
        return None
    parts = urlsplit(text)
    adapter = current_app.create_url_adapter(request)
    try:
        if adapter is None:
            return None
        adapter.match(parts.path, method="GET")
    except HTTPException:
        return None
    return text


def home_of(user: User) -> str:
    """The desk of the administration, the cooperative or the partner; the shop for buyers."""
    if user.has_role(Role.ADMIN, Role.AUDITOR):
        home = _page("admin.show_home")
    else:
        home = offered_home(user)
        if home is None and find_trading_organization(user) is not None:
            home = _page("trade.list_exports")
    return home or _page("catalog.show_home") or f"/{current_language()}/"


def _page(endpoint: str) -> str | None:
    return url_for(endpoint) if endpoint in current_app.view_functions else None
