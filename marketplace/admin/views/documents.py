"""What an entry was booked for, and where that can be seen."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _

PAGES = {
    "order": ("orders_admin.show_order", "number"),
    "program": ("reinvestment_admin.show_program", "number"),
    "pledge": ("reinvestment_admin.show_pledge", "number"),
    "payout": ("payouts_admin.show_payout", "number"),
    "bank_line": ("reconciliation.show_bank_line", "line_id"),
    "stripe_line": ("reconciliation.show_stripe_line", "line_id"),
}


def document_url(ref_kind: str | None, ref_id: str | None) -> str:
    """The address of an entry's document, empty where no room shows one."""
    endpoint, argument = PAGES.get(ref_kind or "", ("", ""))
    if not ref_id or endpoint not in current_app.view_functions:
        return ""
    values: dict[str, Any] = {argument: ref_id}
    return url_for(endpoint, **values)


def document_name(ref_kind: str | None, ref_id: str | None) -> str:
    """The document in words, its number in them."""
    if not ref_id:
        return ""
    names: dict[str, str] = {
        "order": _("Order %(number)s", number=ref_id),
        "program": _("Program %(number)s", number=ref_id),
        "pledge": _("Pledge %(number)s", number=ref_id),
        "payout": _("Payout %(number)s", number=ref_id),
        "bank_line": _("Line of the bank"),
        "stripe_line": _("Line of Stripe"),
        "month": _("Month %(month)s", month=ref_id),
    }
    return names.get(ref_kind or "", f"{ref_kind} {ref_id}")
