"""Tags that stand for runs of product numbers.

PostgreSQL reads every hit before it sorts them, so it is asked for the newest products alone. A
tag costs as much as a word, so long runs have tags of their own.
"""

from __future__ import annotations

ERA = 4096
ERAS_OF_AN_AGE = 16
FEW_ERAS, MANY_AGES = 4, 8


def era_of(product_id: int) -> int:
    return product_id // ERA


def beginning_of(era: int) -> int:
    """Its first product number."""
    return era * ERA


def tags_of(product_id: int) -> list[str]:
    era = era_of(product_id)
    return [f"era:{era}", f"age:{era // ERAS_OF_AN_AGE}"]


def run_before(left: int, eras: int) -> tuple[int, list[str]]:
    """The first era of a run of at least `eras` that ends before `left`, and its tags.

    No tags where the run holds all, or would take too many.
    """
    first = left - eras
    if eras <= FEW_ERAS:
        return max(0, first), [f"era:{era}" for era in range(first, left)] if first > 0 else []
    ages = range(first // ERAS_OF_AN_AGE, (left - 1) // ERAS_OF_AN_AGE + 1)
    if first <= 0 or ages.start == 0 or len(ages) > MANY_AGES:
        return 0, []
    return ages.start * ERAS_OF_AN_AGE, [f"age:{age}" for age in ages]
