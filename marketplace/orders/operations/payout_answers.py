"""What the bank did with a payout: it paid, or it sent the money back."""

from __future__ import annotations

from datetime import date, datetime, time

import structlog

from marketplace.cooperatives.operations import doubt_bank_account
from marketplace.kernel.db import db, lock
from marketplace.kernel.money import Money
from marketplace.kernel.time import SEOUL, today_in_seoul
from marketplace.ledger.operations import lock_accounts, post
from marketplace.orders import payout_postings
from marketplace.orders.errors import (
    PaidImplausible,
    PayoutNotOnItsWay,
    SettledOutOfTime,
)
from marketplace.orders.models import Payout, PayoutBatch, PayoutState
from marketplace.orders.operations.lots import return_lots
from marketplace.orders.operations.payout_mails import write_payout_mails
from marketplace.orders.payout_rules import is_plausible
from marketplace.orders.postings import payable_to

log = structlog.get_logger()


def settle_payout(
    payout: Payout,
    *,
    paid: Money,
    fee: Money,
    on: date,
    reference: str,
    by: int,
    at: datetime,
) -> None:
    """The bank's line was seen: `paid` won left the bank, and its `fee`; once.

    Raises PayoutNotOnItsWay, SettledOutOfTime, PaidImplausible. The entry keeps the two people who
    decided; the row names who noted it.
    """
    payout = lock(Payout, payout.id)
    batch = payout.batch
    reference = reference.strip()
    noted = (payout.settled_on, payout.bank_reference, payout.paid_minor, payout.fee_minor)
    if noted == (on, reference, paid.minor, fee.minor):
        return
    if payout.state is not PayoutState.SENT or batch.released_at is None:
        raise PayoutNotOnItsWay
    first, last = today_in_seoul(batch.released_at), today_in_seoul(at)
    if not first <= on <= last:
        raise SettledOutOfTime(first=first, last=last)
    book = Money(payout.book_minor or 0, "KRW")
    if not is_plausible(paid.minor, book.minor):
        raise PaidImplausible(book=book)
    payout.settlement_entry_id = post(
        payout_postings.payout_settled(
            payout.number,
            payout.amount,
            book=book,
            paid=paid,
            fee=fee,
            reference=reference,
            signers=_signers(batch),
            occurred_at=min(at, datetime.combine(on, time(12), SEOUL)),
            at=at,
        )
    )
    payout.settled_on, payout.settled_by, payout.bank_reference = on, by, reference
    payout.paid_minor, payout.fee_minor = paid.minor, fee.minor
    db.session.flush()
    log.info("payout settled", payout=payout.number, by=by)


def reject_payout(payout: Payout, *, reason: str, by: int, at: datetime) -> None:
    """The bank did not pay: the money is payable again, and the cooperative is told why; once.

    Its bank account has to be checked again before the next payout. Raises PayoutNotOnItsWay.
    """
    payout = lock(Payout, payout.id)
    if payout.state is PayoutState.REJECTED:
        return
    if payout.state is not PayoutState.SENT or payout.entry_id is None:
        raise PayoutNotOnItsWay
    slug = payout.cooperative.slug
    lock_accounts([f"{payable_to(slug)}:idr"])
    payout.reason = reason.strip()
    payout.rejection_entry_id = entry_id = post(
        payout_postings.payout_rejected(
            payout.number,
            slug,
            payout.amount,
            payout.reason,
            reverses=payout.entry_id,
            signers=_signers(payout.batch),
            at=at,
        )
    )
    return_lots(entry_id, payout.entry_id)
    payout.rejected_by, payout.rejected_at = by, at
    doubt_bank_account(payout.cooperative)
    write_payout_mails(payout, "payout_rejected", {"reason": payout.reason}, at=at)
    db.session.flush()
    log.info("payout rejected", payout=payout.number, by=by)


def _signers(batch: PayoutBatch) -> tuple[int, int]:
    if batch.released_by is None:
        raise PayoutNotOnItsWay
    return batch.proposed_by, batch.released_by
