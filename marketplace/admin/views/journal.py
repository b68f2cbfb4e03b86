from __future__ import annotations

from datetime import date
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from marketplace.accounts.models import Role
from marketplace.admin import queries
from marketplace.admin.forms import JournalForm
from marketplace.admin.views.blueprint import bp, ledger_tabs, readers
from marketplace.admin.views.figures import check_figures
from marketplace.admin.views.people import names_behind, posted_by
from marketplace.drawings import stacked
from marketplace.kernel.money import Money
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import count_entries, list_kinds
from marketplace.ledger.queries import list_entries as find_entries
from marketplace.statements.shown import shown_lines, shown_notes, shown_total
from marketplace.statements.wording import LOOKS, account_name, description, group_names, kind_name
from marketplace.web.downloads import offer
from marketplace.web.formats import format_amount, format_number
from marketplace.web.forms import render_form
from marketplace.web.paging import Page, page_number

SIZE = 10


@bp.get("/ledger/")
@readers
def list_entries() -> ResponseReturnValue:
    """The journal, newest first, with both sides of every entry; none for a wrong filter."""
    at = now()
    today = today_in_seoul(at)
    form = JournalForm(formdata=request.args)
    form.offer({kind: kind_name(kind) for kind in list_kinds()}, group_names())
    number = page_number()
    entries, count = [], 0
    if form.validate():
        journal = form.journal()
        entries = find_entries(journal, offset=(number - 1) * SIZE, limit=SIZE)
        count = count_entries(journal)
    names = names_behind(entries)
    check = queries.check_books(today)
    seal = queries.find_seal()
    asked: dict[str, Any] = {
        name: value for name, value in request.args.items() if value and name in form
    }
    return render_form(
        "admin/list_entries.html",
        form,
        page=Page(entries, count, number, SIZE),
        page_url=lambda page: url_for(".list_entries", **asked, page=page),
        is_narrowed=bool(asked),
        files=offer("journal", **asked),
        tabs=ledger_tabs(),
        figures=check_figures(check, seal, at),
        seal=seal,
        check=check,
        posted={entry.id: posted_by(entry, names) for entry in entries},
        shown_lines=shown_lines,
        shown_notes=shown_notes,
        shown_total=shown_total,
        kind_name=kind_name,
        description=description,
        looks=LOOKS,
        account_name=account_name,
        may_act=current_user.has_role(Role.ADMIN),
        shares=_draw_shares(queries.daily_shares(today)),
    )


def _draw_shares(rows: list[tuple[date, Money]]) -> Markup:
    top = max(amount.minor for _day, amount in rows)
    return stacked(
        [(str(day.day), [amount.minor]) for day, amount in rows],
        (2,),
        _(
            "Village share booked per day, up to %(amount)s won a day.",
            amount=format_amount(Money(top, "KRW")),
        ),
        lambda amount: format_number(round(amount)),
        width=360,
        height=180,
        every=2,
    )
