"""Booking lines of banks that no other page books: said by one person, signed by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.accounts.queries import find_people
from marketplace.accounts.signing import asks_code
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import entry_number
from marketplace.payments.bookings import (
    approve_booking,
    lines_of,
    propose_booking,
    withdraw_booking,
)
from marketplace.payments.errors import NotAKindOfLine
from marketplace.payments.forms import BankFeeForm, BookingSignatureForm
from marketplace.payments.models import BankBooking, BankLine
from marketplace.payments.recon_queries import find_booking_of, get_bank_line, get_booking
from marketplace.payments.views.blueprint import bp
from marketplace.statements.shown import shown, total_of
from marketplace.statements.wording import kind_name
from marketplace.web.errors import explain
from marketplace.web.forms import Form, render_form


@dataclass(frozen=True, kw_only=True)
class Way:
    """How people book a bank's line as one kind: its form, and what the second one reads.

    `sentence` says what was typed in the reader's language, as on the entry later. `places` are the
    fields beside which refusals stand; the others stand above the form.
    """

    form: Callable[..., Form]
    sentence: Callable[[Mapping[str, str]], str]
    fits: Callable[[BankLine], bool]
    details: Callable[[BankBooking], Markup | str] = lambda booking: ""
    hints: Callable[[], Mapping[str, str]] = dict
    places: Mapping[str, tuple[type[DomainError], ...]] = field(default_factory=dict)


_ways: dict[str, Way] = {}


def offer_way(kind: str, way: Way) -> None:
    """Offer `way` on the page of every line it fits. Repeating is safe."""
    _ways[kind] = way


offer_way(
    "bank_fee",
    Way(
        form=BankFeeForm,
        sentence=lambda facts: _("Bank fee: %(what)s", what=facts["what"]),
        fits=lambda line: line.minor < 0,
    ),
)
offer_way(
    "bank_fee_returned",
    Way(
        form=BankFeeForm,
        sentence=lambda facts: _("Bank fee given back: %(what)s", what=facts["what"]),
        fits=lambda line: line.minor > 0,
    ),
)


def ways_for(line: BankLine) -> list[tuple[str, str]]:
    """Names and addresses of the forms that a line can be booked by."""
    return [
        (kind_name(kind), url_for("reconciliation.new_booking", line_id=line.id, kind=kind))
        for kind, way in _ways.items()
        if way.fits(line)
    ]


@bp.route("/bank/<int:line_id>/bookings/<kind>", methods=["GET", "POST"])
@staff(Role.ADMIN)
def new_booking(line_id: int, kind: str) -> ResponseReturnValue:
    """Say what a line is, where nothing else books it. An unknown kind is a 404."""
    if kind not in _ways:
        raise NotAKindOfLine
    line, way = get_bank_line(line_id), _ways[kind]
    waiting = find_booking_of(line)
    if waiting is not None:
        return redirect(url_for(".show_booking", booking_id=waiting.id))
    form = way.form()
    if form.validate_on_submit():
        facts = {field.name: str(field.data) for field in form if field.name != "csrf_token"}
        try:
            with transaction():
                booking = propose_booking(line, kind, facts, by=current_user.id, at=now())
        except DomainError as error:
            _refuse(form, way, error)
        else:
            flash(_("Proposed. A colleague has to sign it."), "ok")
            return redirect(url_for(".show_booking", booking_id=booking.id))
    return render_form(
        "payments/new_booking.html",
        form,
        line=line,
        title=kind_name(kind),
        hints=way.hints(),
        fields=[field for field in form if field.name != "csrf_token"],
    )


def _refuse(form: Form, way: Way, error: DomainError) -> None:
    for name, kinds in way.places.items():
        if isinstance(error, kinds):
            form.refuse(name, error)
            return
    form.refuse_whole(error)


@bp.get("/bookings/<int:booking_id>")
@staff(Role.ADMIN, Role.AUDITOR)
def show_booking(booking_id: int) -> ResponseReturnValue:
    """What a line was said to be, what would be booked, and who has to sign."""
    booking = get_booking(booking_id)
    way = _ways.get(booking.kind)
    people = (booking.proposed_by, booking.approved_by, booking.withdrawn_by)
    return render_template(
        "payments/booking.html",
        booking=booking,
        line=booking.line,
        title=kind_name(booking.kind),
        memo=way.sentence(booking.facts) if way else booking.memo,
        details=way.details(booking) if way else "",
        lines=shown(lines_of(booking)),
        total=total_of(lines_of(booking)),
        today=today_in_seoul(booking.approved_at or now()),
        people=find_people({person for person in people if person}),
        entry_number=entry_number,
        signature=BookingSignatureForm(formdata=None),
        me=current_user.id,
        may_act=current_user.has_role(Role.ADMIN),
    )


@bp.post("/bookings/<int:booking_id>/approval")
@staff(Role.ADMIN)
@asks_code
def new_booking_approval(booking_id: int) -> ResponseReturnValue:
    booking, form = get_booking(booking_id), BookingSignatureForm()
    try:
        with transaction():
            approve_booking(booking, by=current_user.id, body_sha256=form.body.data or "", at=now())
    except DomainError as error:
        flash(explain(error), "bad")
        return redirect(url_for(".show_booking", booking_id=booking_id))
    flash(_("Signed, booked and matched. Both names stand on the entry."), "ok")
    return redirect(url_for(".show_overview"))


@bp.post("/bookings/<int:booking_id>/withdrawal")
@staff(Role.ADMIN)
def new_booking_withdrawal(booking_id: int) -> ResponseReturnValue:
    booking = get_booking(booking_id)
    try:
        with transaction():
            withdraw_booking(booking, by=current_user.id, at=now())
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("Withdrawn. Nothing is booked."), "ok")
    return redirect(url_for(".show_booking", booking_id=booking_id))
