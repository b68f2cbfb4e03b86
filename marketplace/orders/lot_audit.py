"""Rule I9 for cooperatives: what they are owed is the sum of the lots and parcels behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, literal, or_, select

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.ledger.hooks import Breach, Finding
from marketplace.ledger.models import LedgerAccount, LedgerPosting
from marketplace.ledger.queries import list_accounts
from marketplace.orders.models import (
    DisputePart,
    LotSide,
    Order,
    OrderRefund,
    OrderSplit,
    OrderState,
    OwedLot,
    OwedLotUse,
    Parcel,
    ParcelDispute,
    RefundPart,
    SplitPart,
)
from marketplace.orders.postings import clawback_of, held_by, payable_to
from marketplace.orders.refund_audit import count_rows

APART = N_("“%(account)s” and what lies behind it differ by %(amount)s.")


def check_owed_lots(at: datetime) -> Finding:
    """Whether the lots of each cooperative make up what it is owed, and what it owes us.

    Names the newest entry that moved one of them and not the other.
    """
    moves = _booked(LotSide.PAYABLE, payable_to("%"), -1).union_all(
        _booked(LotSide.CLAWBACK, clawback_of("%"), 1), _opened(), _used()
    )
    each = moves.subquery()
    rows = db.session.execute(
        select(
            each.c.cooperative_id,
            each.c.side,
            each.c.entry_id,
            func.sum(each.c.minor).label("minor"),
        )
        .group_by(each.c.cooperative_id, each.c.side, each.c.entry_id)
        .having(func.sum(each.c.minor) != 0)
        .order_by(each.c.cooperative_id, each.c.side, each.c.entry_id)
    ).all()
    breaches = []
    for (cooperative_id, side), group in groupby(rows, key=lambda row: (row[0], row[1])):
        apart = list(group)
        # Two that undo each other, as an old adjustment and its reversal, leave nothing apart.
        minor = sum(int(row.minor) for row in apart)
        if minor:
            slug = db.session.get_one(Cooperative, cooperative_id).slug
            path = payable_to(slug) if side == LotSide.PAYABLE else clawback_of(slug)
            breaches.append(_apart(path, minor, apart[-1].entry_id))
    return Finding(count_rows(OwedLot), [*breaches, *_overused()])


def check_held(at: datetime) -> Finding:
    """Whether what is held for each cooperative is the part of its parcels not released yet."""
    held = (OrderSplit.part == SplitPart.COOPERATIVE, Parcel.released_at.is_(None))
    owed = (
        select(Parcel.cooperative_id, OrderSplit.owed_minor.label("minor"))
        .join(OrderSplit, OrderSplit.parcel_id == Parcel.id)
        .join(Order, Order.id == Parcel.order_id)
        .where(*held, Order.state == OrderState.PAID)
    )
    refunded = (
        select(Parcel.cooperative_id, -RefundPart.owed_minor)
        .join(OrderSplit, OrderSplit.parcel_id == Parcel.id)
        .join(RefundPart, RefundPart.split_id == OrderSplit.id)
        .join(OrderRefund, OrderRefund.id == RefundPart.refund_id)
        .where(*held, OrderRefund.entry_id.is_not(None))
    )
    lost = (
        select(Parcel.cooperative_id, -DisputePart.owed_minor)
        .join(OrderSplit, OrderSplit.parcel_id == Parcel.id)
        .join(DisputePart, DisputePart.split_id == OrderSplit.id)
        .join(ParcelDispute, ParcelDispute.id == DisputePart.parcel_dispute_id)
        .where(*held, ParcelDispute.entry_id.is_not(None))
    )
    each = owed.union_all(refunded, lost).subquery()
    rows = db.session.execute(
        select(Cooperative.slug, func.sum(each.c.minor))
        .outerjoin(each, each.c.cooperative_id == Cooperative.id)
        .group_by(Cooperative.slug)
        .order_by(Cooperative.slug)
    ).all()
    balances = {row.account.code: row for row in list_accounts("liabilities:coop")}
    breaches = []
    for slug, minor in rows:
        row = balances.get(f"{held_by(slug)}:idr")
        apart = int(minor or 0) - (row.natural.minor if row else 0)
        if apart:
            entry_id = _last_entry(row.account.id) if row else None
            breaches.append(_apart(held_by(slug), apart, entry_id))
    return Finding(len(rows), breaches)


def _last_entry(account_id: int) -> int | None:
    return db.session.scalar(
        select(func.max(LedgerPosting.entry_id)).where(LedgerPosting.account_id == account_id)
    )


def _booked(side: LotSide, pattern: str, sign: int) -> Any:
    """What entries did to the accounts of a side; more owed is more, whoever owes it."""
    before, _, after = pattern.partition("%")
    code = literal(before) + Cooperative.slug + literal(f"{after}:idr")
    return (
        select(
            Cooperative.id.label("cooperative_id"),
            literal(side.value).label("side"),
            LedgerPosting.entry_id,
            (sign * LedgerPosting.amount).label("minor"),
        )
        .join(LedgerAccount, LedgerAccount.code == code)
        .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
    )


def _opened() -> Any:
    return select(OwedLot.cooperative_id, OwedLot.side, OwedLot.entry_id, -OwedLot.minor)


def _used() -> Any:
    return select(OwedLot.cooperative_id, OwedLot.side, OwedLotUse.entry_id, OwedLotUse.minor).join(
        OwedLot, OwedLot.id == OwedLotUse.lot_id
    )


def _overused() -> Iterator[Breach]:
    """Lots of which more was taken than they are, or given back than was taken."""
    used = func.sum(OwedLotUse.minor)
    rows = db.session.execute(
        select(OwedLot.minor, used.label("used"), func.max(OwedLotUse.entry_id).label("entry_id"))
        .join(OwedLotUse, OwedLotUse.lot_id == OwedLot.id)
        .group_by(OwedLot.id, OwedLot.minor)
        .having(or_(used > OwedLot.minor, used < 0))
        .order_by(OwedLot.id)
    )
    for row in rows:
        yield Breach(
            N_("A lot of %(amount)s was used for %(used)s."),
            {"amount": Money(row.minor, "IDR"), "used": Money(int(row.used), "IDR")},
            row.entry_id,
        )


def _apart(path: str, minor: int, entry_id: int | None) -> Breach:
    return Breach(APART, {"account": path, "amount": Money(abs(minor), "IDR")}, entry_id)
