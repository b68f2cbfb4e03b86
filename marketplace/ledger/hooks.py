"""What higher rooms tell the books: rules for the audit, what people may book by hand, and what a
month ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.ledger.drafts import Line
from marketplace.ledger.errors import NotByHand

RULES = {
    "I1": N_("Every entry balances in each currency and has at least two lines."),
    "I2": N_("No entry gains, loses or changes a line."),
    "I3": N_("Every line has the currency of its account."),
    "I4": N_("One fact is one entry, with the body it was booked with."),
    "I5": N_("Restricted money is spent on its purpose only."),
    "I6": N_("What must not be overdrawn is not."),
    "I7": N_("Refunds never pass what was paid, in total and in every part."),
    "I8": N_("Money set aside is used or given back once, never more than was set aside."),
    "I9": N_("Every lot is spent up to its amount; lots and allocations agree."),
    "I10": N_("Cash covers all restricted funds, in each currency."),
    "I11": N_("Our account with Stripe says what Stripe says."),
    "I12": N_("Money on its way arrives in time."),
    "I13": N_("Published seals still fit the history."),
    "I14": N_("The public copy of the books gives the same balances."),
    "I15": N_("Nothing was booked into a closed month."),
    "I16": N_("Two different people propose and approve."),
    "I17": N_("Every sale was divided by the rule of its day."),
}

Fact = str | int | Money


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that does not hold. `message` is marked for translation, `facts` fill it."""

    message: str
    facts: dict[str, Fact] = field(default_factory=dict)
    entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """How many rows a check looked at, and what it found broken in them."""

    rows: int
    breaches: Sequence[Breach] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One look at a rule (`I5`); `name` says what is looked at, marked for translation."""

    rule: str
    name: str
    run: Callable[[datetime], Finding]


_checks: dict[tuple[str, str], Check] = {}


def register_check(rule: str, name: str, run: Callable[[datetime], Finding]) -> None:
    """Let every audit call `run(at)`, which reads only. Repeating is safe."""
    if rule not in RULES:
        raise ValueError(f"no rule is called {rule}")
    _checks[rule, name] = Check(rule, name, run)


def registered_checks() -> Iterable[Check]:
    return _checks.values()


Reversible = Callable[[int], None]

_reversible: dict[str, Reversible] = {"adjustment": lambda entry_id: None}


def register_reversible(kind: str, check: Reversible) -> None:
    """Let two people reverse entries of `kind`. Repeating is safe.

    `check(entry_id)` raises a DomainError where this one may not be reversed any more.
    """
    _reversible[kind] = check


def find_reversible(kind: str) -> Reversible | None:
    return _reversible.get(kind)


Adjustable = Callable[[Sequence[Line]], None]

_adjustable: list[Adjustable] = []


def keep_from_adjustments(check: Adjustable) -> None:
    """Ask `check(lines)` of every adjustment. Repeating is safe.

    It raises a NotByHand, which says where that is booked, for a line on an account whose balance
    the room keeps in parts of its own.
    """
    if check not in _adjustable:
        _adjustable.append(check)


def check_adjustable(lines: Sequence[Line]) -> None:
    """Raises NotByHand."""
    for check in _adjustable:
        check(lines)


def is_adjustable(line: Line) -> bool:
    """Whether an adjustment may book on the account of `line` as such."""
    try:
        check_adjustable([line])
    except NotByHand:
        return False
    return True


MonthEnd = Callable[[date, tuple[int, int], datetime], None]

_month_ends: dict[str, MonthEnd] = {}


def on_month_end(name: str, act: MonthEnd) -> None:
    """Let `act(ends_on, signers, at)` book what a month ends with. Repeating is safe.

    It is called when the second person signs that the month is soft-closed, while nobody else
    books anything; what it raises leaves the month open.
    """
    _month_ends[name] = act


def month_ends() -> Iterable[MonthEnd]:
    return _month_ends.values()
