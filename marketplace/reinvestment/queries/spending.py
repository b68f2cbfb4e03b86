"""Which share paid which part of a program: first in, first out, to the won.

A program spends its shares in the order in which it was given them: the fund asked first before
the others, in each fund the oldest lot first, as it gives back the last ones first. So shares and
payments lie beside each other on one line, and where they overlap, the share paid the payment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import lots
from marketplace.reinvestment.models import Allocation, Disbursement, LotUse, Program
from marketplace.reinvestment.postings import RETURN


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What of some shares went into one payment."""

    disbursement: Disbursement
    amount: Money


@dataclass(frozen=True, slots=True)
class Source:
    """A share that finances a program: a lot of an order or of a pledge, and its part for it.

    `paid` is what of it went into the payments that were asked for. The number of an order is for
    the staff's eyes only.
    """

    entry_id: int
    kind: str
    number: str
    came_on: date
    amount: Money
    paid: Money

    @property
    def pledge(self) -> str | None:
        return self.number if self.kind == "pledge" else None


@dataclass(frozen=True, slots=True)
class Sources:
    """Some shares in the order of use; how many there are, and what all of them come to."""

    rows: Sequence[Source]
    count: int
    amount: Money
    paid: Money


NO_SOURCES = Sources((), 0, won(0), won(0))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A place on a program's line, in won from its beginning."""

    start: int
    end: int

    def overlap(self, other: _Stretch) -> int:
        return max(0, min(self.end, other.end) - max(self.start, other.start))


def paid_parts(
    entry_ids: Collection[int], program_ids: Collection[int]
) -> Mapping[int, Sequence[PaidPart]]:
    """By program: the payments that the lots in these entries paid, in order; two queries."""
    if not entry_ids or not program_ids:
        return {}
    shares = _line_of_shares(program_ids)
    rows = db.session.execute(
        select(shares.c.program_id, shares.c.end, shares.c.amount).where(
            shares.c.lot_entry_id.in_(sorted(entry_ids))
        )
    ).all()
    mine: defaultdict[int, list[_Stretch]] = defaultdict(list)
    for program_id, end, amount in rows:
        mine[program_id].append(_Stretch(int(end) - int(amount), int(end)))
    found: dict[int, list[PaidPart]] = {}
    for payment, stretch in _line_of_payments(mine):
        part = sum(share.overlap(stretch) for share in mine[payment.program_id])
        if part:
            found.setdefault(payment.program_id, []).append(PaidPart(payment, won(part)))
    return found


def list_sources(program: Program, *, limit: int = 50, offset: int = 0) -> Sources:
    """The shares that finance a program, and what of each was paid to the village; two queries."""
    paid = sum(payment.minor for payment, _ in _line_of_payments([program.id]))
    shares = _line_of_shares([program.id])
    return _sources(shares, _Stretch(0, paid), limit=limit, offset=offset)


def list_payers(payment: Disbursement, *, limit: int = 50, offset: int = 0) -> Sources:
    """The shares that paid one payment, and how much of each; two queries.

    Nothing paid it before it is released.
    """
    line = _line_of_payments([payment.program_id])
    stretch = next((stretch for row, stretch in line if row.id == payment.id), None)
    if stretch is None:
        return NO_SOURCES
    shares = _line_of_shares([payment.program_id])
    touched = select(shares).where(
        shares.c.end > stretch.start, shares.c.end - shares.c.amount < stretch.end
    )
    return _sources(touched.subquery(), stretch, limit=limit, offset=offset)


def _sources(shares: Subquery, paid: _Stretch, *, limit: int, offset: int) -> Sources:
    """A page of shares with what of each lies within the stretch that was paid; one query."""
    part = _overlap(shares, paid)
    rows = db.session.execute(
        select(
            shares.c.lot_entry_id,
            shares.c.ref_kind,
            shares.c.ref_id,
            LedgerEntry.effective_on,
            shares.c.amount,
            part.label("paid"),
            func.count().over().label("how_many"),
            func.sum(shares.c.amount).over().label("in_all"),
            func.sum(part).over().label("paid_in_all"),
        )
        .join(LedgerEntry, LedgerEntry.id == shares.c.lot_entry_id)
        .order_by(shares.c.end)
        .limit(limit)
        .offset(offset)
    ).all()
    return _read(rows)


def _read(rows: Sequence[Any]) -> Sources:
    if not rows:
        return NO_SOURCES
    return Sources(
        [
            Source(
                row.lot_entry_id,
                row.ref_kind or "",
                row.ref_id or "",
                row.effective_on,
                won(int(row.amount)),
                won(int(row.paid)),
            )
            for row in rows
        ],
        rows[0].how_many,
        won(int(rows[0].in_all)),
        won(int(rows[0].paid_in_all)),
    )


def _overlap(shares: Subquery, stretch: _Stretch) -> ColumnElement[int]:
    """As `_Stretch.overlap`, for each share of a statement."""
    start, end = shares.c.end - shares.c.amount, shares.c.end
    first = case((start > stretch.start, start), else_=stretch.start)
    last = case((end < stretch.end, end), else_=stretch.end)
    return case((last > first, last - first), else_=0)


def list_lots_of(entry_id: int, *, limit: int = 50) -> Sources:
    """The lots that an allocation spent, or that a return gave back, negative; one query.

    Both amounts of a source are the same.
    """
    source = lots(without_kinds=[RETURN]).subquery()
    rows = db.session.execute(
        select(
            LotUse.lot_entry_id,
            source.c.ref_kind,
            source.c.ref_id,
            LedgerEntry.effective_on,
            LotUse.amount,
            LotUse.amount.label("paid"),
            func.count().over().label("how_many"),
            func.sum(LotUse.amount).over().label("in_all"),
            func.sum(LotUse.amount).over().label("paid_in_all"),
        )
        .join(
            source,
            (source.c.entry_id == LotUse.lot_entry_id) & (source.c.line_no == LotUse.lot_line_no),
        )
        .join(LedgerEntry, LedgerEntry.id == LotUse.lot_entry_id)
        .where(LotUse.entry_id == entry_id)
        .order_by(source.c.code, LotUse.lot_entry_id, LotUse.lot_line_no)
        .limit(limit)
    ).all()
    return _read(rows)


def _line_of_shares(program_ids: Collection[int]) -> Subquery:
    """What programs have of each lot after returns, and where on the program's line it ends."""
    source = lots(without_kinds=[RETURN]).subquery()
    had = (
        select(
            Allocation.program_id,
            func.min(Allocation.id).label("place"),
            LotUse.lot_entry_id,
            LotUse.lot_line_no,
            source.c.ref_kind,
            source.c.ref_id,
            func.sum(LotUse.amount).label("amount"),
        )
        .select_from(LotUse)
        .join(
            source,
            (source.c.entry_id == LotUse.lot_entry_id) & (source.c.line_no == LotUse.lot_line_no),
        )
        .join(
            Allocation,
            (Allocation.entry_id == LotUse.entry_id)
            & (Allocation.fund.concat(":krw") == source.c.code),
        )
        .where(Allocation.program_id.in_(sorted(program_ids)))
        .group_by(
            Allocation.program_id,
            LotUse.lot_entry_id,
            LotUse.lot_line_no,
            source.c.ref_kind,
            source.c.ref_id,
        )
        .having(func.sum(LotUse.amount) > 0)
        .subquery()
    )
    order = [had.c.place, had.c.lot_entry_id, had.c.lot_line_no]
    end = func.sum(had.c.amount).over(partition_by=had.c.program_id, order_by=order)
    return select(had, end.label("end")).subquery()


def _line_of_payments(program_ids: Collection[int]) -> list[tuple[Disbursement, _Stretch]]:
    """Released payments in the order of their release; one query."""
    ends: defaultdict[int, int] = defaultdict(int)
    line = []
    for payment in db.session.scalars(
        select(Disbursement)
        .where(
            Disbursement.program_id.in_(sorted(program_ids)), Disbursement.released_by.is_not(None)
        )
        .order_by(Disbursement.released_at, Disbursement.id)
    ):
        start = ends[payment.program_id]
        ends[payment.program_id] = start + payment.minor
        line.append((payment, _Stretch(start, start + payment.minor)))
    return line
