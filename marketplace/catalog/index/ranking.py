"""How well a product answers the words, told by its title."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from marketplace.catalog.analysis import Alternative, is_hangul

IN_NAME, NEARLY_IN_NAME, ELSEWHERE = 1.0, 0.7, 0.12


def relevance(
    said: Sequence[Sequence[Alternative]], phrase: Sequence[str], titles: Sequence[str]
) -> list[float]:
    """By the words that stand in the name: the rarer among the hits, the more they count.

    The words as one phrase, and short names, count more.
    """
    scores = [0.0] * len(titles)
    for readings in said:
        mark = _marker(readings)
        marks = [mark(title) for title in titles]
        rarity = math.log(2 + len(titles) / (1 + len(titles) - marks.count(ELSEWHERE)))
        scores = [score + rarity * mark for score, mark in zip(scores, marks, strict=True)]
    together = f" {' '.join(phrase)} " if len(phrase) > 1 else "\0"
    return [
        score * (1.5 if together in title else 1) / (1 + len(title) / (1 + title.count("\n")) / 400)
        for score, title in zip(scores, titles, strict=True)
    ]


def _marker(readings: Sequence[Alternative]) -> Callable[[str], float]:
    """Tells of a title how well it answers one word, whose first reading is the word itself."""
    exact = _needle(readings[0][0])
    others = [[_beginning(term) for term in reading] for reading in readings]

    def mark(title: str) -> float:
        if exact in title:
            return IN_NAME
        for reading in others:
            if all(beginning in title for beginning in reading):
                return NEARLY_IN_NAME
        return ELSEWHERE

    return mark


def _needle(term: str) -> str:
    return f" {term.removesuffix('*')}" if term.endswith("*") else f" {term} "


def _beginning(term: str) -> str:
    """Of a word; Hangul stands anywhere in one."""
    return term.removesuffix("*") if is_hangul(term) else f" {term.removesuffix('*')}"
