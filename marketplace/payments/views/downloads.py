"""The queues of reconciliation as files: every line without a place, with its reason."""

from __future__ import annotations

from flask_babel import gettext as _

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.kernel.money import Money
from marketplace.payments.recon_queries import (
    count_bank_candidates,
    list_statements,
    list_unclear_lines,
    list_unmatched_bank_lines,
    list_unmatched_lines,
    list_waiting_bookings,
)
from marketplace.payments.views.blueprint import bp
from marketplace.payments.views.reconciliation import gaps_of, why_bank_line, why_unmatched
from marketplace.statements.wording import account_name
from marketplace.web.downloads import ROWS_OF_A_SHEET, Table, offered_at

readers = staff(Role.ADMIN, Role.AUDITOR)


@offered_at(bp, "/stripe/", "stripe_lines", to=readers)
def _stripe_lines() -> Table:
    """Lines that nobody has explained, then those without a place; the oldest of each first."""
    columns = [_("Line"), _("Kind"), _("Day"), _("Reason"), _("Amount")]
    unclear = [
        (row.id, row.category, row.created_at, _("Unclear lines of Stripe"), row.net)
        for row in list_unclear_lines()
    ]
    waiting = [
        (row.id, row.category, row.created_at, why_unmatched(row), row.net)
        for row in list_unmatched_lines(limit=ROWS_OF_A_SHEET)
    ]
    return Table(_("Reconciliation"), columns, [*unclear, *waiting])


@offered_at(bp, "/bank/", "bank_lines", to=readers)
def _bank_lines() -> Table:
    candidates = count_bank_candidates()
    said = {booking.bank_line_id: booking for booking in list_waiting_bookings()}
    columns = [_("Reference"), _("Day"), _("Text"), _("Account"), _("Reason"), _("Amount")]
    rows = [
        (
            row.reference,
            row.on,
            row.text,
            account_name(row.path),
            why_bank_line(candidates.get((row.path, row.minor), 0), said.get(row.id)),
            row.amount,
        )
        for row in list_unmatched_bank_lines(limit=ROWS_OF_A_SHEET)
    ]
    return Table(_("Reconciliation"), columns, rows)


@offered_at(bp, "/statements/", "statements", to=readers)
def _statements() -> Table:
    """A row per statement, the newest first."""
    statements = list_statements(limit=ROWS_OF_A_SHEET)
    gaps = gaps_of(statements)
    columns = [_("File"), _("Account"), _("First day"), _("Last day"), _("Lines")]
    columns += [_("New lines"), _("Opening balance"), _("Closing balance"), _("Reason")]
    rows = [
        (
            *(row.file_name, account_name(row.path), row.first_on, row.last_on),
            *(row.line_count, row.new_count),
            *(Money(row.opening_minor, row.currency), Money(row.closing_minor, row.currency)),
            gaps.get(row.id, ""),
        )
        for row in statements
    ]
    return Table(_("Statements"), columns, rows)
