"""Who stands behind an entry."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _

from marketplace.admin.queries import names_of
from marketplace.ledger.queries import Entry


def names_behind(entries: Iterable[Entry]) -> dict[int, str]:
    """Names of all who proposed or approved one of `entries`; one query."""
    ids = {who for entry in entries for who in (entry.proposed_by, entry.approved_by) if who}
    return names_of(ids)


def posted_by(entry: Entry, names: dict[int, str]) -> str:
    """Both people, or what made the entry by itself."""
    people = [names.get(who, "") for who in (entry.proposed_by, entry.approved_by) if who]
    if len(people) == 2:
        return str(_("%(first)s, then %(second)s", first=people[0], second=people[1]))
    if people:
        return people[0]
    automatic: dict[str, str] = {
        "sale": _("posted on payment"),
        "stripe_fee": _("posted with the payment"),
        "release": _("posted after delivery"),
        "refund": _("posted when Stripe accepted it"),
    }
    return automatic.get(entry.kind, str(_("posted by the system")))
