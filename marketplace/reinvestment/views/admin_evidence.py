"""Evidence of payments, added and taken back by administrators."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.catalog.errors import PhotoRefused
from marketplace.catalog.photo_files import remove_files
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now
from marketplace.reinvestment import queries
from marketplace.reinvestment.errors import EnoughEvidence, NotReleased
from marketplace.reinvestment.forms import EvidenceForm
from marketplace.reinvestment.models import Disbursement
from marketplace.reinvestment.operations import add_evidence, withdraw_evidence
from marketplace.reinvestment.views.admin_programs import show
from marketplace.reinvestment.views.blueprint import admin as bp


@bp.post("/programs/<number>/disbursements/<part>/evidence")
@staff(Role.ADMIN)
def new_evidence(number: str, part: str) -> ResponseReturnValue:
    program = queries.get_program(number)
    payment = queries.get_disbursement(program, part)
    form = EvidenceForm(prefix=f"{part}-evidence-")
    if form.validate_on_submit():
        try:
            _add(payment, form)
        except PhotoRefused as error:
            form.refuse("photo", error)
        except (NotReleased, EnoughEvidence) as error:
            form.refuse("note", error)
        else:
            flash(_("Added. Everybody can see it on the page of the program."), "ok")
            return redirect(url_for(".show_program", number=number, _anchor=f"d-{part}"))
    return show(program, evidence=(part, form))


@bp.post("/programs/<number>/disbursements/<part>/evidence/<int:evidence_id>/withdrawal")
@staff(Role.ADMIN)
def new_evidence_withdrawal(number: str, part: str, evidence_id: int) -> ResponseReturnValue:
    payment = queries.get_disbursement(queries.get_program(number), part)
    with transaction():
        key = withdraw_evidence(
            queries.get_evidence(payment, evidence_id), by=current_user.id, at=now()
        )
    if key:
        remove_files(key)
    flash(_("Taken back. Only the staff can read it now, and its photo is gone."), "ok")
    return redirect(url_for(".show_program", number=number, _anchor=f"d-{part}"))


def _add(payment: Disbursement, form: EvidenceForm) -> None:
    with _stored(form.photo.data) as photo, transaction():
        evidence = add_evidence(
            payment,
            form.note.data or "",
            photo_key=photo.key if photo else None,
            by=current_user.id,
            form_key=form.form_key.data,
            at=now(),
        )
        is_needed = photo is None or evidence.photo_key == photo.key
    if not is_needed:
        remove_files(photo.key)


def _stored(file: Any) -> Any:
    """The picture of a chosen file, stored; nothing where none was chosen."""
    if not file or not file.filename:
        return nullcontext()
    # Here, since most web processes never load the codecs.
    from marketplace.catalog.pictures import stored_photo

    return stored_photo(file.stream)
