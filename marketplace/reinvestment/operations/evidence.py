"""What a payment did, told by the staff: added to a released payment, or taken back."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import func, select

from marketplace.kernel.db import db, lock
from marketplace.reinvestment.errors import EnoughEvidence, NotReleased
from marketplace.reinvestment.models import Disbursement, Evidence
from marketplace.reinvestment.operations.forms import find_by_form_key

log = structlog.get_logger()

MOST_EVIDENCE = 8


def add_evidence(
    payment: Disbursement,
    note: str,
    *,
    photo_key: str | None,
    by: int,
    at: datetime,
    form_key: str | None = None,
) -> Evidence:
    """Show everybody what a released payment did; `photo_key` names a stored picture.

    The same `form_key` again returns the same evidence, which then has another picture. Raises
    NotReleased, EnoughEvidence.
    """
    payment = lock(Disbursement, payment.id)
    if form_key and (sent := find_by_form_key(Evidence, form_key)):
        return sent
    if payment.released_by is None:
        raise NotReleased
    count = db.session.scalar(
        select(func.count()).where(
            Evidence.disbursement_id == payment.id, Evidence.withdrawn_by.is_(None)
        )
    )
    if (count or 0) >= MOST_EVIDENCE:
        raise EnoughEvidence(most=MOST_EVIDENCE)
    evidence = Evidence(
        disbursement_id=payment.id,
        note=note.strip(),
        photo_key=photo_key,
        form_key=form_key,
        added_by=by,
        added_at=at,
    )
    db.session.add(evidence)
    db.session.flush()
    log.info("evidence added", disbursement=payment.number, evidence=evidence.id, by=by)
    return evidence


def withdraw_evidence(evidence: Evidence, *, by: int, at: datetime) -> str | None:
    """Show it to nobody but the staff, without its photo.

    Returns the photo's key, whose files are removed after the commit. Safe to repeat.
    """
    evidence = lock(Evidence, evidence.id)
    if evidence.withdrawn_by is not None:
        return None
    key, evidence.photo_key = evidence.photo_key, None
    evidence.withdrawn_by = by
    evidence.withdrawn_at = at
    db.session.flush()
    log.info("evidence taken back", evidence=evidence.id, by=by)
    return key
