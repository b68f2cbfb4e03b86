"""Pure rules of programs: which funds may pay, what the signers read, how numbers look."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.kernel.money import Money, won
from marketplace.reinvestment.errors import (
    BudgetEmpty,
    BudgetLineWrong,
    FundExhausted,
)
from marketplace.reinvestment.models import Pledge, Program, ProgramState, ProgramTheme
from marketplace.reinvestment.postings import available_of

GOAL = 500
PROGRAMS = "funds:village:programs"
TRAINING = "funds:village:training"
YOUTH = "funds:village:youth"
OWN_FUNDS = {ProgramTheme.TRAINING: TRAINING, ProgramTheme.YOUTH: YOUTH}

FUNDED = (ProgramState.APPROVED, ProgramState.RUNNING, ProgramState.DONE)
OPEN = (ProgramState.APPROVED, ProgramState.RUNNING)

BudgetLine = tuple[str, Money]


def funds_for(program: Program, pledges: Sequence[Pledge]) -> list[str]:
    """The funds a program may be paid from, in the order in which they are used.

    The theme's own fund, the programs' fund, then pledges that are for it, oldest first.
    """
    province = program.regency_code.partition(".")[0]
    own = OWN_FUNDS.get(program.theme, PROGRAMS)
    meant = [
        available_of(pledge.number) for pledge in pledges if is_for(pledge, program.theme, province)
    ]
    return list(dict.fromkeys([own, PROGRAMS, *meant]))


def is_for(pledge: Pledge, theme: ProgramTheme, province_code: str) -> bool:
    """Whether the sponsor's purpose covers a program of `theme` in the province."""
    return pledge.theme in {None, theme} and pledge.province_code in {None, province_code}


def allocate(asked: Money, free: Mapping[str, Money]) -> dict[str, Money]:
    """Take `asked` from the funds in their order. Raises FundExhausted(available=…)."""
    taken: dict[str, Money] = {}
    left = asked.minor
    for fund, money in free.items():
        part = min(left, max(money.minor, 0))
        if part:
            taken[fund] = won(part)
            left -= part
    if left:
        raise FundExhausted(available=won(asked.minor - left))
    return taken


def check_budget(lines: Sequence[BudgetLine]) -> Money:
    """The sum of a budget. Raises BudgetEmpty or BudgetLineWrong."""
    if not lines:
        raise BudgetEmpty
    if any(not text.strip() or amount.minor <= 0 for text, amount in lines):
        raise BudgetLineWrong
    return sum((amount for _, amount in lines), won(0))


def seal_body(program: Program) -> str:
    """The hash of everything the two signers read; a changed word changes it."""
    body: dict[str, Any] = {
        "number": program.number,
        "titles": [program.title, program.title_ko, program.title_en],
        "theme": str(program.theme),
        "village": program.village_code,
        "cooperative": program.cooperative_id,
        "problem": program.problem,
        "plan": program.plan,
        "budget": [list(line) for line in program.budget],
        "asked": program.asked_minor,
        "proposed_by": program.proposed_by,
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def slug_for(title: str, number: str) -> str:
    """The title as an address, with the number so that it is one of a kind."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-")
    return f"{words}-{number}".lower().strip("-")
