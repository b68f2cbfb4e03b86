"""What is left of the rupiah that cooperatives are owed, lot by lot, oldest first."""

from __future__ import annotations

from sqlalchemy import Select, func, select

from marketplace.kernel.db import db
from marketplace.orders.models import LotSide, OwedLot, OwedLotUse
from marketplace.orders.payout_rules import Lot


def lots_left(cooperative_id: int, side: LotSide) -> list[Lot]:
    """Lots of one side that still hold anything; one query."""
    return _lots(_left().where(OwedLot.cooperative_id == cooperative_id, OwedLot.side == side))


def lot_of(parcel_id: int) -> Lot | None:
    """What is left of the money a parcel's release made payable."""
    statement = _left().where(OwedLot.parcel_id == parcel_id, OwedLot.side == LotSide.PAYABLE)
    return next(iter(_lots(statement)), None)


def _left() -> Select[int, int, int]:
    used = (
        select(
            OwedLotUse.lot_id,
            func.sum(OwedLotUse.minor).label("minor"),
            func.sum(OwedLotUse.book_minor).label("book_minor"),
        )
        .group_by(OwedLotUse.lot_id)
        .subquery()
    )
    minor = OwedLot.minor - func.coalesce(used.c.minor, 0)
    book = OwedLot.book_minor - func.coalesce(used.c.book_minor, 0)
    return (
        select(OwedLot.id, minor.label("minor"), book.label("book_minor"))
        .outerjoin(used, used.c.lot_id == OwedLot.id)
        # A lot without rupiah may still hold a won of rounding; the next payout takes it along.
        .where((minor != 0) | (book != 0))
        .order_by(OwedLot.id)
    )


def _lots(statement: Select[int, int, int]) -> list[Lot]:
    rows = db.session.execute(statement)
    return [Lot(row.id, int(row.minor), int(row.book_minor)) for row in rows]
