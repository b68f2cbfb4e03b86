"""The figures above the ledger's pages, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from marketplace.admin.queries import Check
from marketplace.web.formats import format_amount, format_money, format_number


def check_figures(check: Check) -> list[dict[str, object]]:
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
            "label": _("Entries in the books"),
            "value": format_number(check.entries),
            "note": _("never changed, never deleted"),
        },
    ]
