"""All the way from an order or a pledge to the bank's lines, for the staff."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.payments.models import BankLine
from marketplace.payments.recon_queries import bank_lines_of
from marketplace.reinvestment.models import Allocation, Disbursement, Program
from marketplace.reinvestment.queries.spending import PaidPart, paid_parts
from marketplace.reinvestment.queries.trace import ShareTrace, trace_order, trace_pledge


@dataclass(frozen=True, slots=True)
class Reached:
    """What a program has of the money that was followed, and the payments it went into.

    `funds` are the parts of it by path of the fund; `allocation_id` is the entry by which two
    people gave it to the program.
    """

    program: Program
    amount: Money
    funds: Mapping[str, Money]
    allocation_id: int
    parts: Sequence[PaidPart]

    @property
    def paid(self) -> Money:
        return sum((part.amount for part in self.parts), won(0))

    @property
    def unpaid(self) -> Money:
        return self.amount - self.paid


@dataclass(frozen=True, slots=True)
class Followed:
    """A share, the programs it reached, and the bank's lines by the entry that they confirm."""

    trace: ShareTrace
    reached: Sequence[Reached]
    bank_lines: Mapping[int, BankLine]

    @property
    def paid(self) -> Money:
        return sum((one.paid for one in self.reached), won(0))

    def bank_line(self, payment: Disbursement) -> BankLine | None:
        return self.bank_lines.get(payment.settlement_entry_id or 0)


def follow_order(number: str) -> Followed:
    """Seven queries."""
    return _follow(trace_order(number))


def follow_pledge(number: str) -> Followed:
    """Seven queries."""
    return _follow(trace_pledge(number))


def _follow(trace: ShareTrace) -> Followed:
    by_program = trace.by_program()
    program_ids = {program.id for program, _ in by_program}
    parts = paid_parts({entry.id for entry in trace.entries}, program_ids)
    allocations = _allocations_of(program_ids)
    settled = {
        part.disbursement.settlement_entry_id
        for found in parts.values()
        for part in found
        if part.disbursement.settlement_entry_id
    }
    return Followed(
        trace,
        [
            Reached(
                program,
                amount,
                _funds_of(trace, program),
                allocations[program.id],
                parts.get(program.id, ()),
            )
            for program, amount in by_program
        ],
        bank_lines_of(settled),
    )


def _funds_of(trace: ShareTrace, program: Program) -> dict[str, Money]:
    found = {
        fund.fund: sum((use.amount for use in fund.uses if use.program.id == program.id), won(0))
        for fund in trace.funds
    }
    return {fund: amount for fund, amount in found.items() if amount}


def _allocations_of(program_ids: Collection[int]) -> dict[int, int]:
    if not program_ids:
        return {}
    rows = db.session.execute(
        select(Allocation.program_id, func.min(Allocation.entry_id))
        .where(Allocation.program_id.in_(sorted(program_ids)))
        .group_by(Allocation.program_id)
    )
    return {program_id: int(entry_id) for program_id, entry_id in rows}
