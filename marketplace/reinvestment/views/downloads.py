"""Programs and pledges as files. Nobody of the staff is named: files travel."""

from __future__ import annotations

from flask_babel import gettext as _

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.reinvestment import queries
from marketplace.reinvestment.views import words
from marketplace.reinvestment.views.blueprint import admin as bp
from marketplace.web.downloads import ROWS_OF_A_SHEET, Table, offered_at
from marketplace.web.locale import current_language

readers = staff(Role.ADMIN, Role.AUDITOR)


@offered_at(bp, "/programs/", "programs", to=readers)
def _programs() -> Table:
    """A row per program, the newest first."""
    lang = current_language()
    found, _count = queries.list_programs(size=ROWS_OF_A_SHEET)
    columns = [_("Program number"), _("Program"), _("Village"), _("Province"), _("State")]
    columns += [_("Asked, won"), _("Released, won")]
    rows = [
        (
            *(row.number, row.name(lang), row.village, row.province(lang)),
            *(words.state_name(row.state), row.asked, row.paid),
        )
        for row in found
    ]
    return Table(_("Proposals and programs"), columns, rows)


@offered_at(bp, "/pledges/", "pledges", to=readers)
def _pledges() -> Table:
    """A row per pledge, the newest first."""
    columns = [_("Pledge"), _("Company"), _("Purpose"), _("Pledged on")]
    columns += [_("Pledged, won"), _("Received, won"), _("Free, won")]
    is_korean = current_language() == "ko"
    rows = []
    for row in queries.list_pledges():
        company = row.pledge.organization
        rows.append(
            (
                *(row.pledge.number, company.name_ko if is_korean else company.name),
                *(row.pledge.purpose, row.pledge.pledged_on),
                *(row.pledge.amount, row.received, row.available),
            )
        )
    return Table(_("Pledges"), columns, rows)
