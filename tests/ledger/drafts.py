"""Entries for the tests of the books."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count

from marketplace.kernel.money import Money
from marketplace.ledger.drafts import Line, NewEntry
from tests.factories import NOON

TODAY = date(2026, 4, 18)

_facts = count(1)


def a_draft(
    lines: dict[str, Money],
    *,
    key: str | None = None,
    kind: str = "sale",
    at: datetime = NOON,
    on: date = TODAY,
    memo: str = "Order L-1",
    **more: object,
) -> NewEntry:
    """An entry of `lines` (path to amount); a fresh key unless one is given."""
    return NewEntry(
        kind=kind,
        idem_key=key or f"fact:{next(_facts)}",
        occurred_at=at,
        effective_on=on,
        memo=memo,
        lines=[Line(path, amount) for path, amount in lines.items()],
        **more,
    )
