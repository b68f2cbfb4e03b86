"""Lines of bank statements: disbursements that left, and money of pledges that came."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.ledger.errors import IdempotencyConflict
from marketplace.payments.hooks import names
from marketplace.payments.models import BankLine
from marketplace.reinvestment.errors import MoreThanPledged
from marketplace.reinvestment.models import Disbursement, Pledge
from marketplace.reinvestment.operations.disbursements import settle_disbursement
from marketplace.reinvestment.operations.pledges import receive_pledge
from marketplace.reinvestment.postings import TRUST

log = structlog.get_logger()


def settle_by(line: BankLine, by: int, at: datetime) -> bool:
    """Book what the bank's words name; a line that cannot be right is left for a person."""
    if line.path != TRUST or line.currency != "KRW":
        return False
    return _receive(line, by, at) if line.minor > 0 else _settle(line, by, at)


def _settle(line: BankLine, by: int, at: datetime) -> bool:
    waiting = db.session.scalars(
        select(Disbursement).where(
            Disbursement.released_by.is_not(None),
            Disbursement.settled_on.is_(None),
            Disbursement.minor == -line.minor,
        )
    )
    found = next((one for one in waiting if names(line, one.number)), None)
    if found is None:
        return False
    settle_disbursement(found, reference=line.reference or found.number, by=by, at=at)
    return True


def _receive(line: BankLine, by: int, at: datetime) -> bool:
    pledges = db.session.scalars(select(Pledge).order_by(Pledge.id))
    found = next((one for one in pledges if names(line, one.number)), None)
    if found is None or not line.reference:
        return False
    try:
        receive_pledge(found, line.amount, reference=line.reference, by=by, at=at)
    except (MoreThanPledged, IdempotencyConflict) as error:
        log.warning("line does not fit", pledge=found.number, reason=str(error))
        return False
    return True
