"""Reconciliation for the staff: what Stripe and the banks say, and what waits for a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.accounts.queries import find_people
from marketplace.kernel.config import Config
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.kernel.money import Money
from marketplace.kernel.time import now
from marketplace.ledger.queries import entry_number, get_entry
from marketplace.payments.bank import import_statements, match_by_hand
from marketplace.payments.errors import (
    AlreadyMatched,
    DoesNotFit,
    LineClassified,
    NotAPlaceForIt,
)
from marketplace.payments.forms import ClassifyForm, MatchForm, StatementForm
from marketplace.payments.mirror import KNOWN, OF_OTHERS, PLACES, classify_line
from marketplace.payments.models import BankBooking, BankLine, BankStatement, StripeLine
from marketplace.payments.recon_queries import (
    count_bank_candidates,
    count_unmatched_bank_lines,
    count_unmatched_lines,
    entries_of_stripe_line,
    expected_openings,
    find_booking_of,
    find_match_of,
    get_bank_line,
    get_stripe_line,
    is_classified,
    list_ages,
    list_bank_candidates,
    list_statements,
    list_unclear_lines,
    list_unmatched_bank_lines,
    list_unmatched_lines,
    list_waiting_bookings,
)
from marketplace.payments.statement_files import COLUMNS
from marketplace.payments.views.blueprint import bp
from marketplace.payments.views.bookings import ways_for
from marketplace.statements.hooks import behind
from marketplace.statements.wording import account_name, description, kind_name
from marketplace.web.downloads import offer
from marketplace.web.formats import format_money
from marketplace.web.forms import render_form

AT_MOST = 50


@bp.get("/")
@staff(Role.ADMIN, Role.AUDITOR)
def show_overview() -> ResponseReturnValue:
    return _overview(StatementForm(formdata=None))


@bp.post("/statements")
@staff(Role.ADMIN)
def new_statement() -> ResponseReturnValue:
    """Take over a bank's file; a refusal says why, and nothing is written then."""
    config: Config = current_app.config["LUMBUNG"]
    form = StatementForm()
    if form.validate_on_submit():
        try:
            with transaction():
                taken = import_statements(
                    form.file.data.read(),
                    form.file.data.filename or "",
                    accounts=config.bank_accounts,
                    by=current_user.id,
                    at=now(),
                )
        except Invalid as error:
            form.refuse("file", error)
        else:
            new = sum(statement.new_count for statement in taken)
            flash(
                ngettext("%(num)s new line was read.", "%(num)s new lines were read.", new)
                if new
                else _("Every line of this file was there already."),
                "ok",
            )
            for gap in gaps_of(taken).values():
                flash(gap, "wait")
            return redirect(url_for(".show_overview"))
    return _overview(form)


def gaps_of(statements: Sequence[BankStatement]) -> dict[int, str]:
    """What is said of the statements that do not begin where the earlier ones end."""
    expected = expected_openings(statements)
    openings = {one.id: Money(one.opening_minor, one.currency) for one in statements}
    return {
        key: _(
            "The statement begins with %(opening)s, and the earlier ones of this account end"
            " with %(expected)s. Lines between them may be missing.",
            opening=format_money(opening),
            expected=format_money(expected[key]),
        )
        for key, opening in openings.items()
        if opening != expected[key]
    }


def _overview(form: StatementForm) -> ResponseReturnValue:
    statements, candidates = list_statements(), count_bank_candidates()
    said = {booking.bank_line_id: booking for booking in list_waiting_bookings()}
    return render_form(
        "payments/reconciliation.html",
        form,
        ages=list_ages(now()),
        account_name=account_name,
        unclear=list_unclear_lines(),
        lines=list_unmatched_lines(limit=AT_MOST),
        line_count=count_unmatched_lines(),
        bank_lines=list_unmatched_bank_lines(limit=AT_MOST),
        bank_line_count=count_unmatched_bank_lines(),
        stripe_files=offer("stripe_lines"),
        bank_files=offer("bank_lines"),
        why=why_unmatched,
        why_bank=lambda row: why_bank_line(
            candidates.get((row.path, row.minor), 0), said.get(row.id)
        ),
        statements=statements,
        statement_files=offer("statements"),
        gaps=gaps_of(statements),
        people=find_people({statement.imported_by for statement in statements}),
        columns=", ".join(COLUMNS),
        closing=lambda row: Money(row.closing_minor, row.currency),
        may_act=current_user.has_role(Role.ADMIN),
    )


def why_unmatched(line: StripeLine) -> str:
    """Why a line of Stripe has no place in the books yet."""
    if line.category not in KNOWN:
        why: str = _("It comes to nothing, and its kind is unknown.")
    elif line.category == "charge":
        why = _("No payment of ours, or its fee is not booked yet.")
    elif line.category in OF_OTHERS:
        why = _("What it is about is not booked, or over another amount.")
    else:
        why = _("Its payout or its exchange rate is missing.")
    return why


def why_bank_line(candidates: int, said: BankBooking | None = None) -> str:
    """Why a bank's line has no place in the books yet."""
    if said is not None:
        why: str = _("%(kind)s: waits for the second signature.", kind=kind_name(said.kind))
    elif candidates:
        why = _("An entry over this amount waits. Please look whether it is meant.")
    else:
        why = _("Nothing over this amount is booked.")
    return why


@bp.get("/stripe/<line_id>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_stripe_line(line_id: str) -> ResponseReturnValue:
    """A line of Stripe as it came; an unclear one is explained here, by administrators."""
    return _stripe_line(get_stripe_line(line_id), _classify_form(formdata=None))


@bp.post("/stripe/<line_id>/explanation")
@staff(Role.ADMIN)
def new_explanation(line_id: str) -> ResponseReturnValue:
    line, form = get_stripe_line(line_id), _classify_form()
    if form.validate_on_submit():
        try:
            with transaction():
                classify_line(
                    line,
                    form.path.data or "",
                    reason=form.reason.data or "",
                    by=current_user.id,
                    at=now(),
                )
        except (LineClassified, NotAPlaceForIt) as error:
            form.refuse("path", error)
        else:
            flash(_("Explained and booked."), "ok")
            return redirect(url_for(".show_overview"))
    return _stripe_line(line, form)


def _classify_form(**options: Any) -> ClassifyForm:
    form = ClassifyForm(**options)
    form.path.choices = [("", _("Choose…")), *((path, account_name(path)) for path in PLACES)]
    return form


def _stripe_line(line: StripeLine, form: ClassifyForm) -> ResponseReturnValue:
    waits = any(line.id == unclear.id for unclear in list_unclear_lines())
    return render_form(
        "payments/stripe_line.html",
        form,
        line=line,
        gross=Money(line.gross_minor, line.currency),
        fee=Money(line.fee_minor, line.currency),
        is_explained=is_classified(line.id),
        **_booked_as(entries_of_stripe_line(line)),
        may_explain=current_user.has_role(Role.ADMIN) and waits,
    )


@bp.get("/bank/<int:line_id>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_bank_line(line_id: int) -> ResponseReturnValue:
    """A line of a bank and the entries over its amount; a person chooses, where it was unclear."""
    line = get_bank_line(line_id)
    return _bank_line(line, _match_form(line, formdata=None))


@bp.post("/bank/<int:line_id>/match")
@staff(Role.ADMIN)
def new_match(line_id: int) -> ResponseReturnValue:
    line = get_bank_line(line_id)
    form = _match_form(line)
    if form.validate_on_submit():
        entry_id, _colon, line_no = (form.entry.data or "").partition(":")
        try:
            with transaction():
                match_by_hand(line, int(entry_id), int(line_no), by=current_user.id, at=now())
        except (AlreadyMatched, DoesNotFit) as error:
            form.refuse("entry", error)
        else:
            flash(_("Matched."), "ok")
            return redirect(url_for(".show_overview"))
    return _bank_line(line, form)


def _booked_as(entry_ids: Sequence[int]) -> dict[str, Any]:
    """What a line is in the books, for `payments/_booked_as.html`."""
    entries = [get_entry(entry_id) for entry_id in entry_ids]
    return {
        "entries": entries,
        # A charge and its fee are about the same matter.
        "sections": behind(entries[0]) if entries else [],
        "description": description,
        "has_entries": "admin.show_entry" in current_app.view_functions,
    }


def _match_form(line: BankLine, **options: Any) -> MatchForm:
    form = MatchForm(**options)
    form.entry.choices = [
        (f"{row.entry_id}:{row.line_no}", f"{entry_number(row.entry_id)} {row.memo}")
        for row in list_bank_candidates(line)
    ]
    return form


def _bank_line(line: BankLine, form: MatchForm) -> ResponseReturnValue:
    match = find_match_of(line)
    return render_form(
        "payments/bank_line.html",
        form,
        line=line,
        is_waiting=match is None,
        **_booked_as([match.entry_id] if match else []),
        booking=find_booking_of(line),
        ways=ways_for(line),
        kind_name=kind_name,
        has_candidates=bool(form.entry.choices),
        may_act=current_user.has_role(Role.ADMIN),
    )
