"""The ledger's pages as files, with whatever the page was narrowed down by."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.admin.forms import DayForm, JournalForm
from marketplace.admin.views.blueprint import bp, readers
from marketplace.admin.views.tables import account_table, journal_table, trial_balance_table
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import get_account, get_entry, list_kinds, trial_balance
from marketplace.ledger.queries.streams import stream_account_lines, stream_entries
from marketplace.statements.wording import group_names, kind_name
from marketplace.web.downloads import FILE, take_along
from marketplace.web.forms import Form


@bp.get(f"/ledger/{FILE}")
@readers
def download_journal(suffix: str) -> ResponseReturnValue:
    """All entries asked for, oldest first. A day that is none is shown beside its field."""
    form = _journal_form()
    if not form.validate():
        return redirect(url_for(".list_entries", **_asked(form)))
    return take_along(
        journal_table(stream_entries(form.journal())),
        name=f"lumbung-journal-{_today()}",
        suffix=suffix,
    )


@bp.get(f"/ledger/<int:entry_id>/{FILE}")
@readers
def download_entry(entry_id: int, suffix: str) -> ResponseReturnValue:
    entry = get_entry(entry_id)
    return take_along(journal_table([entry]), name=f"lumbung-{entry.number}", suffix=suffix)


@bp.get(f"/ledger/accounts/<code>/{FILE}")
@readers
def download_account(code: str, suffix: str) -> ResponseReturnValue:
    """All lines of an account, or those between the days `since` and `until`, oldest first."""
    account = get_account(code)
    form = _journal_form()
    if not form.validate():
        return redirect(url_for(".show_account", code=code, **_asked(form)))
    stretch = stream_account_lines(account, since=form.since.data, until=form.until.data)
    name = f"lumbung-{account.code.replace(':', '-')}-{_today()}"
    return take_along(account_table(account, stretch), name=name, suffix=suffix)


@bp.get(f"/ledger/trial-balance/{FILE}")
@readers
def download_trial_balance(suffix: str) -> ResponseReturnValue:
    form = DayForm(formdata=request.args)
    if not form.validate():
        return redirect(url_for(".show_trial_balance", **_asked(form)))
    on = form.on.data or today_in_seoul(now())
    return take_along(
        trial_balance_table(trial_balance(on)), name=f"lumbung-trial-balance-{on}", suffix=suffix
    )


def _journal_form() -> JournalForm:
    form = JournalForm(formdata=request.args)
    form.offer({kind: kind_name(kind) for kind in list_kinds()}, group_names())
    return form


def _asked(form: Form) -> dict[str, Any]:
    return {name: value for name, value in request.args.items() if name in form}


def _today() -> str:
    return str(today_in_seoul(now()))
