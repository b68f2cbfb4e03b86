from __future__ import annotations

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role

bp = Blueprint("admin", __name__, url_prefix="/admin")

readers = staff(Role.ADMIN, Role.AUDITOR)
"""Who may read these pages."""

signers = staff(Role.ADMIN)
"""Who may change something; the auditor may not."""

PAGES = ("list_entries", "list_accounts", "show_trial_balance", "list_seals")


def ledger_tabs() -> list[dict[str, object]]:
    """The views of the books."""
    names = (_("Journal"), _("Accounts"), _("Trial balance"), _("Seals"))
    return [
        {"label": name, "url": url_for(f".{page}"), "current": request.endpoint == f"admin.{page}"}
        for name, page in zip(names, PAGES, strict=True)
    ]
