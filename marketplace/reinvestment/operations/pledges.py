from __future__ import annotations

from datetime import datetime

import structlog

from marketplace.accounts.models import Organization
from marketplace.kernel.db import db, lock
from marketplace.kernel.ids import random_code
from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.operations import post
from marketplace.ledger.queries import find_entry
from marketplace.reinvestment import postings
from marketplace.reinvestment.errors import AmountNotPositive, MoreThanPledged, ReferenceReversed
from marketplace.reinvestment.models import Pledge, ProgramTheme
from marketplace.reinvestment.operations.forms import find_by_form_key
from marketplace.reinvestment.queries.pledges import received_of

log = structlog.get_logger()


def make_pledge(
    organization: Organization,
    amount: Money,
    *,
    purpose: str,
    by: int | None,
    at: datetime,
    theme: ProgramTheme | None = None,
    province_code: str | None = None,
    form_key: str | None = None,
    is_demo: bool = False,
) -> Pledge:
    """Write down a sponsor's promise, for programs of `theme` in the province where given.

    Nothing can be spent of it until money arrives. The same `form_key` again returns the same
    pledge. Raises AmountNotPositive.
    """
    if form_key and (sent := find_by_form_key(Pledge, form_key)):
        return sent
    if amount.minor <= 0:
        raise AmountNotPositive
    day = today_in_seoul(at)
    pledge = Pledge(
        number=random_code(12),
        organization_id=organization.id,
        purpose=purpose.strip(),
        theme=theme,
        province_code=province_code,
        minor=amount.minor,
        pledged_on=day,
        form_key=form_key,
        is_demo=is_demo,
    )
    db.session.add(pledge)
    db.session.flush()
    pledge.number = f"CSR-{day:%y}-{pledge.id:03}"
    db.session.flush()
    post(postings.pledge(pledge.number, amount, by=by, at=at))
    log.info("pledge made", pledge=pledge.number, by=by)
    return pledge


def receive_pledge(
    pledge: Pledge, amount: Money, *, reference: str, by: int | None, at: datetime
) -> None:
    """The bank shows money of a pledge: it can be allocated now, once per bank reference.

    Raises AmountNotPositive, MoreThanPledged(left=…), ReferenceReversed, and IdempotencyConflict
    where the reference is booked with another amount.
    """
    if amount.minor <= 0:
        raise AmountNotPositive
    pledge = lock(Pledge, pledge.id)
    entry = postings.pledge_received(pledge.number, amount, reference.strip(), by=by, at=at)
    left = pledge.amount - received_of(pledge)
    booked = find_entry(entry.idem_key)
    if booked is not None and booked.reversed_by_id is not None:
        raise ReferenceReversed
    if amount > left and booked is None:
        raise MoreThanPledged(left=left)
    post(entry)
    log.info("pledge received", pledge=pledge.number, by=by)
