"""What the funds hold for programs; amounts come from the ledger."""

from __future__ import annotations

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.queries import balance, credit_balance, list_accounts
from marketplace.reinvestment.models import Allocation, Pledge, Program
from marketplace.reinvestment.policies import funds_for
from marketplace.reinvestment.postings import committed_to, grants_of


def free_for(program: Program) -> dict[str, Money]:
    """What is free in each fund the program may use, in the order of use; two queries."""
    pledges = db.session.scalars(select(Pledge).order_by(Pledge.id)).all()
    return free_in(funds_for(program, pledges))


def free_in(funds: list[str]) -> dict[str, Money]:
    held = {
        row.account.path: row.natural
        for row in list_accounts("funds")
        if row.account.currency == "KRW"
    }
    return {fund: held.get(fund, Money(0, "KRW")) for fund in funds}


def committed_of(program: Program) -> Money:
    """Set aside and not paid yet."""
    return credit_balance(f"{committed_to(program.number)}:krw")


def paid_of(program: Program) -> Money:
    return balance(f"{grants_of(program.number)}:krw")


def allocated_by_fund(program_id: int | None = None) -> dict[int, dict[str, int]]:
    """What each program has of each fund, in won, after returns; funds in the order of use."""
    rows = db.session.execute(
        select(Allocation.program_id, Allocation.fund, func.sum(Allocation.minor))
        .where(*([Allocation.program_id == program_id] if program_id is not None else []))
        .group_by(Allocation.program_id, Allocation.fund)
        .order_by(func.min(Allocation.id))
    )
    found: dict[int, dict[str, int]] = {}
    for program_id, fund, minor in rows:
        found.setdefault(program_id, {})[fund] = int(minor)
    return found
