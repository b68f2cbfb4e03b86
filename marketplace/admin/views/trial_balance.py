from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from marketplace.admin.forms import DayForm
from marketplace.admin.views.accounts import by_class
from marketplace.admin.views.blueprint import bp, ledger_tabs, readers
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import trial_balance
from marketplace.statements.wording import account_name, class_name
from marketplace.web.downloads import offer
from marketplace.web.forms import render_form


@bp.get("/ledger/trial-balance")
@readers
def show_trial_balance() -> ResponseReturnValue:
    """All accounts at the end of a day; both columns must be equal. Nothing for a wrong day."""
    form = DayForm(formdata=request.args)
    balance = None
    if form.validate():
        balance = trial_balance(form.on.data or today_in_seoul(now()))
        form.on.data = balance.on
        form.on.raw_data = None
    return render_form(
        "admin/show_trial_balance.html",
        form,
        tabs=ledger_tabs(),
        balance=balance,
        files=offer("trial_balance", on=balance.on) if balance else [],
        groups={
            currency: by_class(list(balance.rows_in(currency)))
            for currency in sorted(balance.currencies, reverse=True)
        }
        if balance
        else {},
        class_name=class_name,
        account_name=account_name,
    )
