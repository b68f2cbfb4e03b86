from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.reinvestment.models import Disbursement, Evidence


def evidence_of(
    payment_ids: Collection[int], *, with_withdrawn: bool = False
) -> dict[int, Sequence[Evidence]]:
    """By payment, what shows what it did, oldest first; one query, none for none."""
    if not payment_ids:
        return {}
    statement = select(Evidence).where(Evidence.disbursement_id.in_(sorted(payment_ids)))
    if not with_withdrawn:
        statement = statement.where(Evidence.withdrawn_by.is_(None))
    found: dict[int, list[Evidence]] = {}
    for row in db.session.scalars(statement.order_by(Evidence.id)):
        found.setdefault(row.disbursement_id, []).append(row)
    return {**found}


def get_evidence(payment: Disbursement, evidence_id: int) -> Evidence:
    """A payment's own; another's does not exist."""
    found = db.session.scalar(
        select(Evidence).where(Evidence.id == evidence_id, Evidence.disbursement_id == payment.id)
    )
    if found is None:
        raise NotFound
    return found
