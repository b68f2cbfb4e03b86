"""Keeping the lots of what cooperatives are owed: opened by releases, used by whatever takes.

Whoever takes of a lot holds the lock of the cooperative's payable account.
"""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.kernel.db import db
from marketplace.ledger.drafts import Line
from marketplace.orders.errors import OwedByParcel
from marketplace.orders.models import LotSide, OwedLot, OwedLotUse, Parcel
from marketplace.orders.payout_rules import Lot, take_first
from marketplace.orders.postings import is_owed_by_parcel
from marketplace.orders.queries.lots import lots_left


def open_lot(side: LotSide, parcel: Parcel, entry_id: int, *, minor: int, book_minor: int) -> None:
    """Note what `entry_id` made owed, for the parcel's sake."""
    if minor or book_minor:
        db.session.add(
            OwedLot(
                cooperative_id=parcel.cooperative_id,
                side=side,
                parcel_id=parcel.id,
                entry_id=entry_id,
                minor=minor,
                book_minor=book_minor,
            )
        )
        db.session.flush()


def choose_lots(cooperative_id: int, side: LotSide, minor: int) -> tuple[list[Lot], int]:
    """The oldest lots that make up `minor`, and the won they stand for."""
    chosen = take_first(lots_left(cooperative_id, side), minor)
    return chosen, sum(lot.book_minor for lot in chosen)


def use_lots(entry_id: int, chosen: list[Lot]) -> None:
    """Note what the entry took of the lots."""
    for lot in chosen:
        db.session.add(
            OwedLotUse(entry_id=entry_id, lot_id=lot.id, minor=lot.minor, book_minor=lot.book_minor)
        )
    db.session.flush()


def return_lots(entry_id: int, spent_by: int) -> None:
    """Give back what the entry `spent_by` took, in the name of its reversal."""
    uses = db.session.query(OwedLotUse).filter_by(entry_id=spent_by).all()
    use_lots(entry_id, [Lot(use.lot_id, -use.minor, -use.book_minor) for use in uses])


def refuse_adjustment(lines: Sequence[Line]) -> None:
    """Raise OwedByParcel for lines on accounts that are kept lot by lot.

    An adjustment is in one currency: it cannot say which won stand behind its rupiah.
    Rule: docs/adr/0011-adjustments-and-lots.md
    """
    for line in lines:
        if is_owed_by_parcel(line.path):
            raise OwedByParcel(path=line.path)
