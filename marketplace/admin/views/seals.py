"""The seals of the books, day by day."""

from __future__ import annotations

from datetime import date, timedelta

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.admin import queries
from marketplace.admin.views.blueprint import bp, ledger_tabs, readers
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries.daily_seals import find_first_day, list_daily_seals
from marketplace.ledger.queries.periods import end_of, month_of
from marketplace.ledger.queries.sealing import count_waiting, list_heads
from marketplace.web.downloads import Table, offer, offered_at


@bp.get("/ledger/seals/")
@readers
def list_seals() -> ResponseReturnValue:
    """A month of seals, one a day; the current month unless another is asked for."""
    this_month = month_of(today_in_seoul(now()))
    month = _asked() or this_month
    first = find_first_day()
    earlier = first is not None and month_of(first) < month
    return render_template(
        "admin/list_seals.html",
        month=month,
        seals=list_daily_seals(month, end_of(month)),
        previous=_url(month - timedelta(days=1)) if earlier else "",
        next=_url(end_of(month) + timedelta(days=1)) if month < this_month else "",
        seal=queries.find_seal(),
        waiting=count_waiting()[0],
        tabs=ledger_tabs(),
        files=offer("seals"),
        may_act=current_user.has_role(Role.ADMIN),
    )


@offered_at(bp, "/ledger/seals/", "seals", to=readers)
def _seals() -> Table:
    """A row per signed head, the first one first."""
    seal = queries.find_seal()
    columns = [_("Signed"), _("Entries"), _("Root")]
    rows = ((head.signed_at, head.size, head.root.hex()) for head in list_heads(seal.size))
    return Table(_("Seals of the ledger"), columns, rows)


def _asked() -> date | None:
    text = request.args.get("month", "")
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        abort(404)


def _url(day: date) -> str:
    return url_for(".list_seals", month=f"{day:%Y-%m}")
