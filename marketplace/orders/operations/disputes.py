"""Disputed payments: what is withdrawn, won, lost, and who bears a loss.

Order of locks: payment, order, parcels, then ledger accounts.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Select, select

from marketplace.kernel.db import db, exists, lock
from marketplace.kernel.money import Money, split, won
from marketplace.ledger.operations import lock_accounts, post
from marketplace.ledger.policies import REFUND_RESERVE
from marketplace.ledger.queries import credit_balance, find_entry
from marketplace.orders import dispute_postings, postings
from marketplace.orders.errors import DisputeRuled
from marketplace.orders.hooks import share_lots
from marketplace.orders.models import (
    DisputePart,
    LotSide,
    Order,
    OrderSplit,
    Parcel,
    ParcelDispute,
    SplitPart,
)
from marketplace.orders.operations.lots import open_lot, use_lots
from marketplace.orders.operations.refunds import from_own_lot, from_own_share
from marketplace.orders.policies import Parts, dispute_parts
from marketplace.orders.queries.disputes import parts_of_dispute
from marketplace.orders.queries.freight import freight_account
from marketplace.orders.queries.orders import parts_left
from marketplace.payments.models import Dispute, Payment
from marketplace.payments.queries import get_paid_payment

log = structlog.get_logger()


def book_dispute(payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    """Book what Stripe has done and is not booked yet. Safe to repeat, in any order.

    A loss is divided once, over what every parcel still holds; held money gives its part at once,
    released money waits for `rule_dispute`.
    """
    order = lock(Order, _order_id(payment.reference))
    is_lost_here = exists(_losses(dispute))
    amount = Money(dispute.minor, dispute.currency)
    if dispute.withdrawn_minor:
        fee = Money(dispute.fee_minor, dispute.currency)
        post(
            dispute_postings.dispute_opened(
                order.number, dispute.id, amount, fee, occurred_at=dispute.opened_at, at=at
            )
        )
    if dispute.reinstated_minor:
        book = dispute_postings.dispute_recovered if is_lost_here else dispute_postings.dispute_won
        fee_back = Money(dispute.fee_back_minor, dispute.currency)
        post(book(order.number, dispute.id, amount, fee_back, at=at))
    elif dispute.status == "lost" and dispute.withdrawn_minor and not is_lost_here:
        _divide_loss(order, payment, dispute, at)


def _divide_loss(order: Order, payment: Payment, dispute: Dispute, at: datetime) -> None:
    parcels = _lock_parcels(order)
    left = parts_left([parcel.id for parcel in parcels])
    # A payment that the order did not need has no parts of its own.
    held = [left[parcel.id].total for parcel in parcels]
    if get_paid_payment("order", order.number).id != payment.id:
        held = [0] * len(held)
    divided = min(dispute.minor, sum(held))
    shares = split(divided, held) if divided else [0] * len(held)
    for parcel, share in zip(parcels, shares, strict=True):
        if share:
            parts = dispute_parts(left[parcel.id], share, order.krw_idr)
            _lose(order, parcel, dispute, parts, at)
    if divided < dispute.minor:
        rest = won(dispute.minor - divided)
        post(dispute_postings.dispute_uncovered(order.number, dispute.id, rest, at=at))
    log.info("dispute lost", dispute=dispute.id, order=order.number)


def _lose(order: Order, parcel: Parcel, dispute: Dispute, parts: Parts, at: datetime) -> None:
    loss = ParcelDispute(dispute_id=dispute.id, parcel_id=parcel.id, minor=parts.total, lost_at=at)
    db.session.add(loss)
    db.session.flush()
    for row in db.session.scalars(select(OrderSplit).where(OrderSplit.parcel_id == parcel.id)):
        is_owed = row.part is SplitPart.COOPERATIVE
        db.session.add(
            DisputePart(
                parcel_dispute_id=loss.id,
                split_id=row.id,
                minor=getattr(parts, row.part.value),
                owed_minor=parts.owed if is_owed else None,
            )
        )
    if parcel.released_at is None:
        loss.entry_id = post(
            dispute_postings.dispute_lost(
                order.number,
                dispute.id,
                parcel.number,
                parcel.cooperative.slug,
                parts,
                freight=freight_account(parcel.id),
                at=at,
            )
        )
    db.session.flush()


def rule_dispute(
    loss: ParcelDispute, *, is_at_fault: bool, reason: str, by: int, at: datetime
) -> None:
    """Decide who bears a loss of released money; once.

    The cooperative only when it `is_at_fault`; otherwise the reserve for refunds, and we what it
    lacks. Raises DisputeRuled. Rule: docs/worked-postings.csv, examples O and P.
    """
    order = lock(Order, loss.parcel.order_id)
    parcel = lock(Parcel, loss.parcel_id)
    loss = lock(ParcelDispute, loss.id)
    if loss.entry_id is not None:
        raise DisputeRuled
    parts = parts_of_dispute(loss)
    book = _charge if is_at_fault else _bear
    loss.entry_id = book(order, parcel, loss, parts, by, at)
    loss.is_at_fault, loss.reason, loss.ruled_by, loss.ruled_at = is_at_fault, reason, by, at
    db.session.flush()
    log.info("dispute ruled", dispute=loss.dispute_id, parcel=parcel.number, by=by)


def _bear(
    order: Order, parcel: Parcel, loss: ParcelDispute, parts: Parts, by: int, at: datetime
) -> int:
    lock_accounts([f"{REFUND_RESERVE}:krw"])
    reserve = credit_balance(f"{REFUND_RESERVE}:krw").minor
    return post(
        dispute_postings.dispute_borne(
            order.number,
            loss.dispute_id,
            parcel.number,
            parts,
            from_reserve=max(0, min(parts.goods, reserve)),
            by=by,
            at=at,
        )
    )


def _charge(
    order: Order, parcel: Parcel, loss: ParcelDispute, parts: Parts, by: int, at: datetime
) -> int:
    slug = parcel.cooperative.slug
    released = find_entry(f"release:{parcel.number}")
    funds = [line.code for line in released.postings if line.credit] if released else []
    lock_accounts([*funds, f"{postings.payable_to(slug)}:idr", f"{REFUND_RESERVE}:krw"])
    reserve = max(0, credit_balance(f"{REFUND_RESERVE}:krw").minor)
    from_funds = from_own_share(released.id, parts.village_share, reserve) if released else {}
    missing = parts.village_share - sum(from_funds.values())
    reserve -= from_funds.get(REFUND_RESERVE, 0)
    chosen, claimed = from_own_lot(parcel.id, parts)
    entry_id = post(
        dispute_postings.dispute_charged(
            order.number,
            loss.dispute_id,
            parcel.number,
            slug,
            parts,
            from_funds=from_funds,
            from_reserve=min(missing, reserve),
            from_payable=parts.owed - claimed[0],
            by=by,
            at=at,
        )
    )
    if released and from_funds:
        share_lots().take(released.id, entry_id, from_funds)
    use_lots(entry_id, chosen)
    open_lot(LotSide.CLAWBACK, parcel, entry_id, minor=claimed[0], book_minor=claimed[1])
    return entry_id


def _losses(dispute: Dispute) -> Select[int]:
    return select(ParcelDispute.id).where(ParcelDispute.dispute_id == dispute.id)


def _order_id(number: str) -> int:
    return db.session.scalars(select(Order.id).where(Order.number == number)).one()


def _lock_parcels(order: Order) -> list[Parcel]:
    ids = db.session.scalars(
        select(Parcel.id).where(Parcel.order_id == order.id).order_by(Parcel.id)
    ).all()
    return [lock(Parcel, parcel_id) for parcel_id in ids]
