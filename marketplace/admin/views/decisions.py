"""What waits for a second signature about the books themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _

from marketplace.admin.queries import AT_MOST, Queue
from marketplace.admin.views.periods import change_name
from marketplace.admin.views.policies import scope_name
from marketplace.admin.views.proposed_entries import proposal_name
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.queries.entry_proposals import list_waiting_entries
from marketplace.ledger.queries.periods import list_waiting_changes
from marketplace.ledger.queries.policy_history import list_waiting_policies
from marketplace.payments.recon_queries import list_waiting_bookings
from marketplace.statements.wording import kind_name
from marketplace.web.formats import format_day, format_money


@dataclass(frozen=True)
class Decision:
    """One thing to sign, where it stands, and since when it waits."""

    name: str
    what: str
    url: str
    proposed_at: datetime


def decisions_waiting() -> Queue:
    """Changes of months and divisions, entries, lines of banks; the longest waiting first."""
    months = [
        Decision(
            f"{change.starts_on:%Y-%m}",
            change_name(change.to_state),
            url_for("admin.list_periods"),
            change.proposed_at,
        )
        for change in list_waiting_changes()
    ]
    divisions = [
        Decision(
            scope_name(proposal.scope),
            _("from %(day)s", day=format_day(today_in_seoul(proposal.valid_from))),
            url_for("admin.list_policies"),
            proposal.proposed_at,
        )
        for proposal in list_waiting_policies()
    ]
    entries = [
        Decision(
            proposal_name(proposal),
            kind_name(proposal.kind),
            url_for("admin.show_entry_proposal", proposal_id=proposal.id),
            proposal.proposed_at,
        )
        for proposal in list_waiting_entries()
    ]
    bookings = [
        Decision(
            f"{kind_name(booking.kind)}: {format_money(booking.line.amount)}",
            _("Line of the bank"),
            url_for("reconciliation.show_booking", booking_id=booking.id),
            booking.proposed_at,
        )
        for booking in list_waiting_bookings()
    ]
    found = sorted(
        [*months, *divisions, *entries, *bookings], key=lambda decision: decision.proposed_at
    )
    return Queue(found[:AT_MOST], len(found))
