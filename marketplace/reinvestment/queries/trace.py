"""From a sale's share to the programs it pays for, and back. Never a name, never an address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.ledger.queries import Entry, entries_about, lots
from marketplace.reinvestment.models import Allocation, LotUse, Program
from marketplace.reinvestment.postings import RETURN, available_of

HELD = "funds:village:held"
FUNDS = {HELD, *SHARE_FUNDS.values()}


@dataclass(frozen=True, slots=True)
class LotShare:
    """The part of one lot that went to a program."""

    lot_entry_id: int
    lot_line_no: int
    program: Program
    amount: Money


@dataclass(frozen=True, slots=True)
class FundShare:
    """An order's share in one fund: what of it pays for programs, and what is still free."""

    fund: str
    amount: Money
    uses: tuple[LotShare, ...]

    @property
    def used(self) -> Money:
        return sum((use.amount for use in self.uses), won(0))

    @property
    def free(self) -> Money:
        return self.amount - self.used


@dataclass(frozen=True, slots=True)
class ShareTrace:
    """Where the village share of one order, or a pledge's money, is now.

    `held` waits for delivery and its window.
    """

    entries: tuple[Entry, ...]
    held: Money
    funds: tuple[FundShare, ...]

    @property
    def total(self) -> Money:
        return sum((fund.amount for fund in self.funds), self.held)

    @property
    def uses(self) -> tuple[LotShare, ...]:
        return tuple(use for fund in self.funds for use in fund.uses)

    def by_program(self) -> list[tuple[Program, Money]]:
        """What each program got of this order, the largest part first."""
        sums: dict[int, Money] = {}
        programs = {use.program.id: use.program for use in self.uses}
        for use in self.uses:
            sums[use.program.id] = sums.get(use.program.id, won(0)) + use.amount
        return [
            (programs[key], amount)
            for key, amount in sorted(sums.items(), key=lambda item: (-item[1].minor, item[0]))
        ]


@dataclass(frozen=True, slots=True)
class Backing:
    """What financed a program: how many orders or pledges, and with how much."""

    kind: str
    count: int
    amount: Money


def trace_order(number: str) -> ShareTrace:
    """Follow the village share of an order through the ledger; three queries."""
    return _trace(entries_about("order", number), FUNDS)


def trace_pledge(number: str) -> ShareTrace:
    """Follow the money of a pledge that has arrived; three queries."""
    return _trace(entries_about("pledge", number), {available_of(number)})


def _trace(entries: Sequence[Entry], paths: Collection[str]) -> ShareTrace:
    """What the credits of the entries on `paths` became; one query."""
    found = [
        (entry.id, posting)
        for entry in entries
        for posting in entry.postings
        if posting.path in paths
    ]
    uses = list_uses({entry_id for entry_id, _ in found})
    held = won(-sum(posting.amount.minor for _, posting in found if posting.path == HELD))
    funds: dict[str, list[tuple[int, int, Money]]] = {}
    for entry_id, posting in found:
        if posting.path != HELD and posting.credit is not None:
            funds.setdefault(posting.path, []).append((entry_id, posting.line_no, posting.credit))
    # A refund after the release takes back what is unspent of these very lots; what the reserve
    # gives beyond its part came from other orders.
    back = {
        fund: min(
            sum(p.amount.minor for _, p in found if p.path == fund and p.debit),
            sum(amount.minor for _, _, amount in its_lots),
        )
        for fund, its_lots in funds.items()
    }
    return ShareTrace(
        tuple(entries),
        held,
        tuple(
            FundShare(
                fund,
                sum((amount for _, _, amount in its_lots), won(-back[fund])),
                tuple(
                    use
                    for use in uses
                    if (use.lot_entry_id, use.lot_line_no) in {(e, n) for e, n, _ in its_lots}
                ),
            )
            for fund, its_lots in funds.items()
        ),
    )


def list_uses(entry_ids: Collection[int]) -> Sequence[LotShare]:
    """Which programs got how much of the lots in these entries; one query."""
    if not entry_ids:
        return []
    used = (
        select(
            LotUse.lot_entry_id,
            LotUse.lot_line_no,
            LotUse.entry_id,
            LotUse.amount,
        )
        .where(LotUse.lot_entry_id.in_(sorted(entry_ids)))
        .subquery()
    )
    bookings = select(Allocation.entry_id, Allocation.program_id).distinct().subquery()
    rows = db.session.execute(
        select(used.c.lot_entry_id, used.c.lot_line_no, Program, func.sum(used.c.amount))
        .select_from(used)
        .join(bookings, bookings.c.entry_id == used.c.entry_id)
        .join(Program, Program.id == bookings.c.program_id)
        .group_by(used.c.lot_entry_id, used.c.lot_line_no, Program.id, *Program.__table__.columns)
        .order_by(used.c.lot_entry_id, used.c.lot_line_no, Program.id)
    )
    return [
        LotShare(entry_id, line_no, program, won(int(amount)))
        for entry_id, line_no, program, amount in rows
        if amount
    ]


def backing_of(program: Program) -> list[Backing]:
    """How many orders and pledges financed a program, and with how much; one query."""
    mine = select(Allocation.entry_id).where(Allocation.program_id == program.id)
    source = lots(without_kinds=[RETURN]).subquery()
    per_matter = (
        select(
            source.c.ref_kind,
            source.c.ref_id,
            func.sum(LotUse.amount).label("amount"),
        )
        .select_from(LotUse)
        .join(
            source,
            (source.c.entry_id == LotUse.lot_entry_id) & (source.c.line_no == LotUse.lot_line_no),
        )
        .where(LotUse.entry_id.in_(mine))
        .group_by(source.c.ref_kind, source.c.ref_id)
        .having(func.sum(LotUse.amount) != 0)
        .subquery()
    )
    rows = db.session.execute(
        select(per_matter.c.ref_kind, func.count(), func.sum(per_matter.c.amount))
        .group_by(per_matter.c.ref_kind)
        .order_by(per_matter.c.ref_kind)
    )
    return [Backing(kind or "", count, won(int(amount))) for kind, count, amount in rows]
