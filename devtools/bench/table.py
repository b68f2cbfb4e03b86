"""The lines that are printed: what was measured, how much, and how much it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table. `holds` is None where there is no budget."""

    what: str
    measured: str
    budget: str
    holds: bool | None = None


def show(title: str, rows: Sequence[Row]) -> None:
    print(f"\n{title}")
    wide = max(len(row.what) for row in rows)
    middle = max(len(row.measured) for row in rows)
    for row in rows:
        mark = "   ← over budget" if row.holds is False else ""
        print(f"  {row.what:<{wide}}   {row.measured:<{middle}}   {row.budget}{mark}")
