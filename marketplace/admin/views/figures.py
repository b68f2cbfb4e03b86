"""The figures above the ledger's pages, in words."""

from __future__ import annotations

from datetime import datetime

from flask_babel import format_timedelta
from flask_babel import gettext as _

from marketplace.admin.queries import Check, Seal
from marketplace.web.formats import format_amount, format_money, format_number


def check_figures(check: Check, seal: Seal, at: datetime) -> list[dict[str, object]]:
    """Both sides of the year, the funds, the free share, and the size of the books."""
    won, rupiah = check.side("KRW"), check.side("IDR")
    balanced = _("Balanced, difference 0")
    if not check.is_balanced:
        balanced = _("Not balanced: %(amount)s", amount=format_money(won.balance))
    return [
        {
            "label": _("Debits this year"),
            "value": format_amount(won.debit),
            "note": _("and %(amount)s", amount=format_money(rupiah.debit)),
        },
        {
            "label": _("Credits this year"),
            "value": format_amount(won.credit),
            "note": balanced,
        },
        {
            "label": _("In the funds"),
            "value": format_amount(check.in_funds),
            "note": _("of which committed %(amount)s", amount=format_amount(check.committed)),
            "is_thread": True,
        },
        {
            "label": _("Village share to allocate"),
            "value": format_amount(check.to_allocate),
            "note": _("%(amount)s more wait for delivery", amount=format_amount(check.held)),
        },
        {
            "label": _("Sealed entries and decisions"),
            "value": format_number(seal.size),
            "note": _seal_note(check, seal, at),
        },
    ]


def _seal_note(check: Check, seal: Seal, at: datetime) -> str:
    """Whether the seals fit the books, when that was looked at, and how much waits."""
    if seal.checked_at is None:
        waiting = max(check.entries - seal.size, 0)
        return str(_("%(count)s wait for their seal", count=format_number(waiting)))
    ago = format_timedelta(seal.checked_at - at, granularity="minute", add_direction=True)
    if seal.agrees:
        return str(_("all agree, checked %(ago)s", ago=ago))
    return str(_("some do not fit the books, checked %(ago)s", ago=ago))
