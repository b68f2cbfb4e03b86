"""Months of the books, closed step by step by two people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import abort, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.accounts.signing import asks_code
from marketplace.admin.commands import audit_books
from marketplace.admin.ledger_forms import PeriodChangeForm
from marketplace.admin.queries import names_of
from marketplace.admin.views.blueprint import bp, readers, signers
from marketplace.kernel.config import Config
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.errors import BooksBroken, ReopeningReasonMissing
from marketplace.ledger.models import PeriodState
from marketplace.ledger.operations import (
    approve_period_change,
    propose_period_change,
    withdraw_period_change,
)
from marketplace.ledger.queries import entry_number
from marketplace.ledger.queries.periods import Month, find_obstacle, get_period_change, list_months
from marketplace.orders.queries.revaluation import (
    Revaluation,
    find_revaluation,
    revaluations_of,
)
from marketplace.web.downloads import offer
from marketplace.web.errors import explain
from marketplace.web.forms import render_form

LOOKS = {PeriodState.OPEN: "plain", PeriodState.SOFT_CLOSED: "wait", PeriodState.CLOSED: "ok"}
NEXT = {
    PeriodState.OPEN: PeriodState.SOFT_CLOSED,
    PeriodState.SOFT_CLOSED: PeriodState.CLOSED,
}


@bp.get("/ledger/periods/")
@readers
def list_periods() -> ResponseReturnValue:
    """Every month with its state, who closed it, and what may be done with it."""
    return _show()


@bp.post("/ledger/periods/<month>/changes")
@signers
def new_period_change(month: str) -> ResponseReturnValue:
    starts_on = _first_day(month)
    form = PeriodChangeForm(prefix=f"{month}-")
    if not form.validate_on_submit():
        return _show(month, form)
    try:
        with transaction():
            propose_period_change(
                starts_on,
                form.state(),
                reason=form.reason.data or "",
                by=current_user.id,
                at=now(),
            )
    except ReopeningReasonMissing as error:
        form.refuse("reason", error)
        return _show(month, form)
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("Proposed. A colleague has to sign it."), "ok")
    return redirect(url_for(".list_periods"))


@bp.post("/ledger/periods/changes/<int:change_id>/approval")
@signers
@asks_code
def new_period_approval(change_id: int) -> ResponseReturnValue:
    change = get_period_change(change_id)
    try:
        with transaction():
            approve_period_change(change, by=current_user.id, at=now())
    except BooksBroken as error:
        # The run that stopped it went with its transaction; this one is kept, with every breach.
        audit = audit_books(asked_by=current_user.id)
        flash(explain(error), "bad")
        return redirect(url_for(".list_audits", run=audit.id))
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("Signed. Both names stand on the change."), "ok")
    return redirect(url_for(".list_periods"))


@bp.post("/ledger/periods/changes/<int:change_id>/withdrawal")
@signers
def new_period_withdrawal(change_id: int) -> ResponseReturnValue:
    change = get_period_change(change_id)
    try:
        with transaction():
            withdraw_period_change(change, by=current_user.id, at=now())
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("Withdrawn. The month stays as it is."), "ok")
    return redirect(url_for(".list_periods"))


def _show(refused: str = "", form: PeriodChangeForm | None = None) -> ResponseReturnValue:
    today = today_in_seoul(now())
    months = list_months(today)
    forms = {
        f"{month.starts_on:%Y-%m}": PeriodChangeForm(
            formdata=None, prefix=f"{month.starts_on:%Y-%m}-"
        )
        for month in months
    }
    if form is not None:
        forms[refused] = form
    people = {
        person
        for month in months
        for change in month.changes
        for person in (change.proposed_by, change.approved_by)
        if person
    }
    obstacles = _obstacles(months, today)
    return render_form(
        "admin/list_periods.html",
        form or PeriodChangeForm(formdata=None),
        months=months,
        files=offer("periods"),
        forms=forms,
        names=names_of(people),
        today=today,
        looks=LOOKS,
        exchanges=_exchanges(months, today),
        obstacles=obstacles,
        shared=[why for why, count in Counter(obstacles.values()).items() if count > 1],
        revalued=revaluations_of([*forms]),
        entry_number=entry_number,
        state_name=state_name,
        change_name=change_name,
        me=current_user.id,
        may_act=current_user.has_role(Role.ADMIN),
    )


def _obstacles(months: Sequence[Month], today: date) -> dict[date, str]:
    """What has to be done first, of the months that are over and cannot go a step further."""
    states = {month.starts_on: month.state for month in months}
    first = min((month.starts_on for month in months if month.entries), default=None)
    found = {
        month.starts_on: find_obstacle(month.starts_on, NEXT[month.state], states, first)
        for month in months
        if month.state in NEXT and month.ends_on < today and not month.waiting
    }
    return {starts_on: explain(error) for starts_on, error in found.items() if error}


@dataclass(frozen=True, slots=True)
class Exchange:
    """What soft-closing a month will book for open rupiah, or why it is refused."""

    found: Revaluation | None
    refusal: str = ""


def _exchanges(months: Sequence[Month], today: date) -> dict[date, Exchange]:
    """Of the months somebody is about to soft-close: the first that can be, and those proposed."""
    ready = [month for month in months if month.state is PeriodState.OPEN and month.ends_on < today]
    near = [month for month in ready if month.waiting] + ready[-1:]
    return {month.starts_on: _exchange(month.ends_on) for month in near}


def _exchange(ends_on: date) -> Exchange:
    config: Config = current_app.config["LUMBUNG"]
    try:
        return Exchange(find_revaluation(ends_on, oldest_days=config.oldest_closing_rate_days))
    except DomainError as error:
        return Exchange(None, explain(error))


def state_name(state: PeriodState) -> str:
    names: dict[PeriodState, str] = {
        PeriodState.OPEN: _("open"),
        PeriodState.SOFT_CLOSED: _("soft-closed"),
        PeriodState.CLOSED: _("closed for good"),
    }
    return names[state]


def change_name(to_state: PeriodState) -> str:
    """What a change does, as a heading."""
    names: dict[PeriodState, str] = {
        PeriodState.OPEN: _("Open again"),
        PeriodState.SOFT_CLOSED: _("Soft-close"),
        PeriodState.CLOSED: _("Close for good"),
    }
    return names[to_state]


def _first_day(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        abort(404)
