from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import func, select

from marketplace.accounts.models import User
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db, lock
from marketplace.kernel.money import Money, split
from marketplace.ledger.operations import lock_accounts, post
from marketplace.ledger.policies import REFUND_RESERVE
from marketplace.ledger.queries import credit_balance, find_entry
from marketplace.orders import postings
from marketplace.orders.errors import DisputeOpen, NotPaid, RefundMeanwhile
from marketplace.orders.hooks import share_lots
from marketplace.orders.models import (
    LotSide,
    Order,
    OrderRefund,
    OrderSplit,
    OrderState,
    Parcel,
    RefundPart,
    SplitPart,
)
from marketplace.orders.operations.lots import open_lot, use_lots
from marketplace.orders.operations.requests import answer_with, grant_request, reopen_request
from marketplace.orders.payout_rules import Lot
from marketplace.orders.policies import Parts, refund_parts
from marketplace.orders.queries.disputes import is_disputed
from marketplace.orders.queries.freight import freight_account
from marketplace.orders.queries.lots import lot_of
from marketplace.orders.queries.orders import list_refunds, parts_left
from marketplace.payments.models import Payment, Refund
from marketplace.payments.operations import plan_refund
from marketplace.payments.queries import get_paid_payment

log = structlog.get_logger()


def refund_order_part(
    order: Order,
    parcel: Parcel,
    amount: Money,
    *,
    reason: str,
    by: User,
    at: datetime,
    seen: int | None = None,
) -> OrderRefund:
    """Decide to give back `amount` of one parcel, and plan its refund at Stripe.

    The caller commits and then sends it; the ledger entry follows Stripe's yes. `seen` is how many
    refunds of the order the decider knew of. Raises NotPaid, DisputeOpen, RefundMeanwhile,
    RefundNotPositive, RefundTooLarge(left).
    """
    order = lock(Order, order.id)
    parcel = lock(Parcel, parcel.id)
    if order.state is not OrderState.PAID:
        raise NotPaid
    if is_disputed(order):
        raise DisputeOpen
    if seen is not None and seen != len(list_refunds(order)):
        raise RefundMeanwhile
    parts = refund_parts(parts_left([parcel.id])[parcel.id], amount.minor, order.krw_idr)
    refund = _write_refund(order, parcel, parts, reason=reason, by=by, at=at)
    answer_with(refund, parcel)
    plan_refund(get_paid_payment("order", order.number), amount, reference=refund.number, at=at)
    log.info("refund decided", refund=refund.number, by=by.id)
    return refund


def book_refund(payment: Payment, refund: Refund, *, at: datetime) -> None:
    """Stripe accepted the refund: every share gives its part in the ledger, once."""
    decided = _lock_refund(refund.reference)
    if decided is None or decided.entry_id is not None:
        return
    parcel = lock(Parcel, decided.parcel_id)
    slug = db.session.get_one(Cooperative, parcel.cooperative_id).slug
    parts = _parts_of(decided)
    if parcel.released_at is None:
        entry = postings.refund(
            decided.number,
            payment.reference,
            slug,
            parts,
            freight=freight_account(parcel.id),
            occurred_at=decided.at,
            at=at,
        )
        decided.entry_id = post(replace(entry, proposed_by=decided.by_user_id))
    else:
        _book_after_release(decided, parcel, payment.reference, slug, parts, at=at)
    grant_request(decided, parcel, at=at)


def _book_after_release(
    decided: OrderRefund,
    parcel: Parcel,
    order_number: str,
    slug: str,
    parts: Parts,
    *,
    at: datetime,
) -> None:
    """What lies where it was released gives first; what was paid out is owed back to us.

    Rule: docs/worked-postings.csv, examples D and I.
    """
    released = find_entry(f"release:{parcel.number}")
    funds = [line.code for line in released.postings if line.credit] if released else []
    lock_accounts([*funds, f"{postings.payable_to(slug)}:idr", f"{REFUND_RESERVE}:krw"])
    reserve = max(0, credit_balance(f"{REFUND_RESERVE}:krw").minor)
    from_funds = from_own_share(released.id, parts.village_share, reserve) if released else {}
    missing = parts.village_share - sum(from_funds.values())
    reserve -= from_funds.get(REFUND_RESERVE, 0)
    chosen, claimed = from_own_lot(parcel.id, parts)
    entry = postings.refund_after_release(
        decided.number,
        order_number,
        slug,
        parts,
        from_funds=from_funds,
        from_reserve=min(missing, reserve),
        from_payable=parts.owed - claimed[0],
        freight=freight_account(parcel.id),
        occurred_at=decided.at,
        at=at,
    )
    decided.entry_id = entry_id = post(replace(entry, proposed_by=decided.by_user_id))
    if released and from_funds:
        share_lots().take(released.id, entry_id, from_funds)
    use_lots(entry_id, chosen)
    open_lot(LotSide.CLAWBACK, parcel, entry_id, minor=claimed[0], book_minor=claimed[1])


def from_own_share(release_entry_id: int, amount: int, reserve: int) -> dict[str, int]:
    """What is unspent of the order's own share gives it back, in proportion, as far as it goes.

    Its part of the reserve gives no more than the `reserve` holds: other refunds may have used it.
    """
    unspent = dict(share_lots().unspent(release_entry_id))
    if REFUND_RESERVE in unspent:
        unspent[REFUND_RESERVE] = min(unspent[REFUND_RESERVE], reserve)
    left = {path: part for path, part in unspent.items() if part > 0}
    whole = sum(left.values())
    if not amount or not whole:
        return {}
    parts = split(min(amount, whole), list(left.values()))
    return {path: part for path, part in zip(left, parts, strict=True) if part}


def from_own_lot(parcel_id: int, parts: Parts) -> tuple[list[Lot], tuple[int, int]]:
    """What of the parcel's lot gives the refund, and what (rupiah, won) is to be claimed back.

    The rupiah a lot keeps go on standing for the won it keeps.
    """
    lot = lot_of(parcel_id) or Lot(0, 0, 0)
    from_lot = min(parts.owed, lot.minor)
    if from_lot < parts.owed:
        taken = Lot(lot.id, from_lot, lot.book_minor)
        claimed = (parts.owed - from_lot, parts.cooperative - lot.book_minor)
    else:
        taken, claimed = Lot(lot.id, from_lot, parts.cooperative), (0, 0)
    return [taken] if taken.minor or taken.book_minor else [], claimed


def drop_refund(payment: Payment, refund: Refund, *, at: datetime) -> None:
    """Stripe refused the refund before any money moved: it counts no more."""
    decided = _lock_refund(refund.reference)
    if decided is not None and decided.entry_id is None:
        decided.failed_at = at
        reopen_request(decided, lock(Parcel, decided.parcel_id))


def book_refund_failure(payment: Payment, refund: Refund, *, at: datetime) -> None:
    """The money of a booked refund came back to us; it is owed to the buyer by another way.

    So does that of a payment nobody wanted, which no person decided to return.
    """
    decided = _lock_refund(refund.reference)
    if decided is None or decided.entry_id is not None:
        amount = Money(refund.minor, payment.currency)
        post(postings.refund_failed(refund.reference, payment.reference, amount, at=at))


def _write_refund(
    order: Order, parcel: Parcel, parts: Parts, *, reason: str, by: User, at: datetime
) -> OrderRefund:
    seq, refunded = db.session.execute(
        select(
            func.coalesce(func.max(OrderRefund.seq), 0),
            func.coalesce(func.sum(OrderRefund.minor).filter(OrderRefund.failed_at.is_(None)), 0),
        ).where(OrderRefund.order_id == order.id)
    ).one()
    refund = OrderRefund(
        number=f"{order.number}-R{seq + 1}",
        order_id=order.id,
        parcel_id=parcel.id,
        seq=seq + 1,
        minor=parts.total,
        cumulative_minor=int(refunded) + parts.total,
        paid_minor=order.total_minor,
        reason=reason,
        by_user_id=by.id,
        at=at,
    )
    db.session.add(refund)
    db.session.flush()
    rows = db.session.scalars(select(OrderSplit).where(OrderSplit.parcel_id == parcel.id))
    for row in rows:
        is_owed = row.part is SplitPart.COOPERATIVE
        db.session.add(
            RefundPart(
                refund_id=refund.id,
                split_id=row.id,
                minor=getattr(parts, row.part.value),
                owed_minor=parts.owed if is_owed else None,
            )
        )
    db.session.flush()
    return refund


def _parts_of(refund: OrderRefund) -> Parts:
    rows = db.session.execute(
        select(OrderSplit.part, RefundPart.minor, RefundPart.owed_minor)
        .join(OrderSplit, OrderSplit.id == RefundPart.split_id)
        .where(RefundPart.refund_id == refund.id)
    ).all()
    owed = sum(row.owed_minor or 0 for row in rows)
    return Parts(**{row.part.value: row.minor for row in rows}, owed=owed)


def _lock_refund(number: str) -> OrderRefund | None:
    """The refund with its order locked first, as everywhere."""
    found = db.session.scalar(select(OrderRefund).where(OrderRefund.number == number))
    if found is None:
        return None
    lock(Order, found.order_id)
    return lock(OrderRefund, found.id)
