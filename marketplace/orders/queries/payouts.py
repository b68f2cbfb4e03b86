"""Who can be paid, what is on its way, and what the bank is told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import selectinload

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import Money
from marketplace.ledger.models import LedgerAccount, LedgerPosting
from marketplace.ledger.queries import balance, credit_balance
from marketplace.orders.errors import BankFileDiffers, BatchNotReleased
from marketplace.orders.models import (
    LotSide,
    Order,
    OwedLot,
    OwedLotUse,
    Parcel,
    Payout,
    PayoutBatch,
    PayoutState,
)
from marketplace.orders.payout_postings import TRANSIT
from marketplace.orders.postings import clawback_of


def is_waiting() -> tuple[ColumnElement[bool], ...]:
    """Batches that wait for a second person, as conditions of a statement."""
    return (PayoutBatch.released_by.is_(None), PayoutBatch.canceled_by.is_(None))


def get_batch(number: str) -> PayoutBatch:
    """A batch with its payouts. Raises NotFound."""
    batch = db.session.scalar(
        select(PayoutBatch)
        .where(PayoutBatch.number == number)
        .options(selectinload(PayoutBatch.payouts))
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise NotFound
    return batch


def list_batches(*, page: int, size: int = 20) -> tuple[Sequence[PayoutBatch], int]:
    """A page of batches with their payouts, newest first, and how many there are."""
    rows = db.session.scalars(
        select(PayoutBatch)
        .options(selectinload(PayoutBatch.payouts))
        .order_by(PayoutBatch.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    return rows, db.session.scalar(select(func.count()).select_from(PayoutBatch)) or 0


def list_waiting_batches(limit: int = 5) -> tuple[Sequence[PayoutBatch], int]:
    """Batches that wait for a second person, oldest first, and how many there are."""
    rows = db.session.execute(
        select(PayoutBatch, func.count().over().label("in_all"))
        .where(*is_waiting())
        .options(selectinload(PayoutBatch.payouts))
        .order_by(PayoutBatch.id)
        .limit(limit)
    ).all()
    return [row[0] for row in rows], rows[0].in_all if rows else 0


def list_on_the_way(limit: int = 50) -> Sequence[Payout]:
    """Payouts whose bank line was not seen yet, oldest first."""
    return db.session.scalars(
        select(Payout)
        .where(
            Payout.entry_id.is_not(None), Payout.settled_on.is_(None), Payout.rejected_at.is_(None)
        )
        .order_by(Payout.id)
        .limit(limit)
    ).all()


def on_the_way() -> Money:
    """What the bank was told to pay and was not seen to have paid, from the ledger."""
    return credit_balance(f"{TRANSIT}:idr")


def get_payout(number: str) -> Payout:
    payout = db.session.scalar(select(Payout).where(Payout.number == number))
    if payout is None:
        raise NotFound
    return payout


def get_payout_of(cooperative: Cooperative, number: str) -> Payout:
    """A cooperative's own released payout; another's does not exist."""
    payout = db.session.scalar(
        select(Payout).where(
            Payout.number == number,
            Payout.cooperative_id == cooperative.id,
            Payout.entry_id.is_not(None),
        )
    )
    if payout is None:
        raise NotFound
    return payout


def list_payouts_of(cooperative: Cooperative, limit: int = 24) -> Sequence[Payout]:
    """A cooperative's latest payouts, newest first; what waits for a signature is not its yet."""
    return db.session.scalars(
        select(Payout)
        .where(Payout.cooperative_id == cooperative.id, Payout.entry_id.is_not(None))
        .order_by(Payout.id.desc())
        .limit(limit)
    ).all()


def owed_back_by(cooperative: Cooperative) -> Money:
    """What the cooperative owes us for goods refunded after they were paid out."""
    return balance(f"{clawback_of(cooperative.slug)}:idr")


def paid_out(parcel_ids: Collection[int]) -> dict[int, PayoutState]:
    """Which of these parcels have nothing left to be paid: on its way, or settled; one query."""
    used = (
        select(func.sum(OwedLotUse.minor))
        .where(OwedLotUse.lot_id == OwedLot.id)
        .correlate(OwedLot)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(OwedLot.parcel_id, func.count(Payout.settled_on), func.count())
        .join(OwedLotUse, OwedLotUse.lot_id == OwedLot.id)
        .join(Payout, Payout.entry_id == OwedLotUse.entry_id)
        .where(
            OwedLot.parcel_id.in_(sorted(parcel_ids)),
            OwedLot.side == LotSide.PAYABLE,
            OwedLot.minor == used,
            Payout.rejected_at.is_(None),
        )
        .group_by(OwedLot.parcel_id)
    )
    return {
        parcel_id: PayoutState.SETTLED if settled == count else PayoutState.SENT
        for parcel_id, settled, count in rows
    }


@dataclass(frozen=True)
class Source:
    """The part of a parcel's money that an entry took, and the won it stands for."""

    order_number: str
    parcel_number: str
    amount: Money
    book: Money


def sources_of(entry_ids: Collection[int | None]) -> list[Source]:
    """From which parcels the money of these entries came, oldest first; one query."""
    rows = db.session.execute(
        select(
            Order.number,
            Parcel.number,
            func.sum(OwedLotUse.minor),
            func.sum(OwedLotUse.book_minor),
        )
        .join(OwedLot, OwedLot.id == OwedLotUse.lot_id)
        .join(Parcel, Parcel.id == OwedLot.parcel_id)
        .join(Order, Order.id == Parcel.order_id)
        .where(
            OwedLotUse.entry_id.in_([entry_id for entry_id in entry_ids if entry_id]),
            OwedLot.side == LotSide.PAYABLE,
        )
        .group_by(Order.number, Parcel.number)
        .order_by(func.min(OwedLot.id))
    )
    return [
        Source(order, parcel, Money(int(minor), "IDR"), Money(int(book), "KRW"))
        for order, parcel, minor, book in rows
    ]


def bank_payouts(batch: PayoutBatch) -> Sequence[Payout]:
    """What the bank is told to pay: the batch, once its sum and count agree with the ledger.

    Raises BatchNotReleased, BankFileDiffers.
    """
    if batch.released_by is None:
        raise BatchNotReleased
    payouts = batch.payouts
    booked, count = db.session.execute(
        select(func.coalesce(func.sum(-LedgerPosting.amount), 0), func.count())
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(
            LedgerAccount.code == f"{TRANSIT}:idr",
            LedgerPosting.entry_id.in_([row.entry_id for row in payouts if row.entry_id]),
        )
    ).one()
    told = sum(row.minor for row in payouts)
    if (int(booked), count) != (told, len(payouts)) or not all(
        row.account_number for row in payouts
    ):
        raise BankFileDiffers
    return payouts
