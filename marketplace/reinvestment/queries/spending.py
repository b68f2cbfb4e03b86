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

from sqlalchemy import Subquery, func, select

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
    """A share that finances a program: an order's or a pledge's, of which nobody is named.

    `paid` is what of it was paid to the village by now.
    """

    entry_id: int
    kind: str
    pledge: str | None
    came_on: date
    amount: Money
    paid: Money


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


def list_sources(program: Program, *, limit: int = 50) -> tuple[list[Source], int]:
    """The shares that finance a program, in the order of use, and how many; two queries."""
    shares = _line_of_shares([program.id])
    rows = db.session.execute(
        select(
            shares.c.lot_entry_id,
            shares.c.ref_kind,
            shares.c.ref_id,
            LedgerEntry.effective_on,
            shares.c.amount,
            shares.c.end,
            func.count().over(),
        )
        .join(LedgerEntry, LedgerEntry.id == shares.c.lot_entry_id)
        .order_by(shares.c.end)
        .limit(limit)
    ).all()
    paid = sum(payment.minor for payment, _ in _line_of_payments([program.id]))
    sources = [
        Source(
            entry_id,
            kind or "",
            number if kind == "pledge" else None,
            came_on,
            won(int(amount)),
            won(_Stretch(int(end) - int(amount), int(end)).overlap(_Stretch(0, paid))),
        )
        for entry_id, kind, number, came_on, amount, end, _ in rows
    ]
    return sources, rows[0][-1] if rows else 0


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
