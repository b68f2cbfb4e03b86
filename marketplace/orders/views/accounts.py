"""Where a cooperative is paid: one person enters it, another types the number again."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.accounts.queries import find_people
from marketplace.cooperatives.errors import (
    AccountByYourself,
    AccountMissing,
    AccountNumberDiffers,
    AccountNumberWrong,
)
from marketplace.cooperatives.models import Cooperative
from marketplace.cooperatives.operations import set_bank_account, verify_bank_account
from marketplace.cooperatives.policies import BANKS
from marketplace.cooperatives.queries import find_bank_account, find_cooperative
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import NotFound
from marketplace.kernel.time import now
from marketplace.orders.forms import AccountCheckForm, AccountForm
from marketplace.orders.views.payouts import bp
from marketplace.web.forms import render_form


@bp.route("/accounts/<slug>", methods=["GET", "POST"])
@staff(Role.ADMIN)
def edit_account(slug: str) -> ResponseReturnValue:
    cooperative = _find(slug)
    form = _account_form()
    if form.validate_on_submit():
        try:
            with transaction():
                set_bank_account(
                    cooperative,
                    bank_code=form.bank.data,
                    number=form.number.data or "",
                    holder=form.holder.data or "",
                    by=current_user.id,
                )
        except AccountNumberWrong as error:
            form.refuse("number", error)
        else:
            flash(_("Kept. A colleague has to check the number before anything is paid."), "ok")
            return redirect(url_for(".edit_account", slug=slug))
    return _show(cooperative, form, AccountCheckForm(formdata=None, prefix="check-"))


@bp.post("/accounts/<slug>/check")
@staff(Role.ADMIN)
def new_check(slug: str) -> ResponseReturnValue:
    cooperative = _find(slug)
    form = AccountCheckForm(prefix="check-")
    if form.validate_on_submit():
        try:
            with transaction():
                verify_bank_account(
                    cooperative, form.number.data or "", by=current_user.id, at=now()
                )
        except (
            AccountMissing,
            AccountByYourself,
            AccountNumberDiffers,
            AccountNumberWrong,
        ) as error:
            form.refuse("number", error)
        else:
            flash(_("Checked. %(name)s can be paid.", name=cooperative.name), "ok")
            return redirect(url_for(".list_payouts"))
    return _show(cooperative, _account_form(fresh=True), form)


def _find(slug: str) -> Cooperative:
    cooperative = find_cooperative(slug)
    if cooperative is None:
        raise NotFound
    return cooperative


def _account_form(*, fresh: bool = False) -> AccountForm:
    form = AccountForm(formdata=None) if fresh else AccountForm()
    form.bank.choices = [(bank.code, bank.name) for bank in BANKS.values()]
    return form


def _show(
    cooperative: Cooperative, form: AccountForm, check: AccountCheckForm
) -> ResponseReturnValue:
    account = find_bank_account(cooperative)
    signers = {account.entered_by or 0, account.verified_by or 0} if account else set()
    return render_form(
        "orders/payout_account.html",
        check if check.is_refused else form,
        cooperative=cooperative,
        account=account,
        entering=form,
        check=check,
        bank=BANKS[account.bank_code] if account else None,
        people=find_people(signers),
        may_check=account is not None
        and account.verified_at is None
        and account.entered_by != current_user.id,
    )
