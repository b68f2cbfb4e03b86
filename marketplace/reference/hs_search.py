"""The HS code that somebody means who says what the goods are."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db
from marketplace.reference.models import HsCode
from marketplace.reference.queries import digits_of

EVERYDAY_WORDS = Path(__file__).parent / "data" / "hs_words.csv"
MOST_WORDS = 6
# How much more a word counts in the name of a code than in its explanation.
NAMED = 0.5
_BETWEEN_WORDS = re.compile(r"[\s,.;:()-]+")

# What people say, and the word the tariff has for it.
IN_THE_TARIFF = {"sangrai": "digongseng", "disangrai": "digongseng"}

_heading = aliased(HsCode)


@dataclass(frozen=True)
class EverydayWords:
    """What the goods are called in the village or the shop, and where the tariff has them."""

    words: frozenset[str]
    codes: tuple[str, ...]
    why: str


@cache
def everyday_words() -> Sequence[EverydayWords]:
    """All of the file, names of more words before those of fewer."""
    with EVERYDAY_WORDS.open(encoding="utf-8", newline="") as file:
        rows = [
            EverydayWords(frozenset(name.split()), tuple(row["codes"].split("|")), row["why"])
            for row in csv.DictReader(file)
            for name in row["words"].split("|")
        ]
    return sorted(rows, key=lambda row: -len(row.words))


def search_hs_codes(text: str, limit: int = 20, *, without: str = "") -> Sequence[HsCode]:
    """Six-digit codes that begin with the digits of `text`, or that its words speak of.

    Of words, first what everyday names among them mean; then codes whose words, or whose heading's
    words, begin with them. Where none has all, the rarer a word is in the tariff, the more it
    counts, so that “kopi” outweighs “biji”. Codes of the heading `without` are left out.
    """
    text = text.strip()[:60]
    digits = digits_of(text)
    if digits and digits == text.replace(".", "").replace(" ", ""):
        begins = HsCode.code.startswith(digits)
        found = select(HsCode).where(_may_be(without), begins).order_by(HsCode.code)
        return db.session.scalars(found.limit(limit)).all()
    words = [word for word in _BETWEEN_WORDS.split(text.casefold()) if word]
    words = list(dict.fromkeys(words))[:MOST_WORDS]
    if not words:
        return []
    named = _named(frozenset(words), without)
    known = {row.code for row in named}
    spoken = _speaking_of(words, limit + len(known), without)
    return [*named, *(row for row in spoken if row.code not in known)][:limit]


def _may_be(without: str) -> ColumnElement[bool]:
    return (HsCode.level == 6) & (HsCode.parent != without)


def _named(words: frozenset[str], without: str) -> list[HsCode]:
    """What the everyday names among the words mean: what more of them mean first."""
    codes = [code for row in everyday_words() if row.words <= words for code in row.codes]
    if not codes:
        return []
    fits = or_(HsCode.code.in_(codes), HsCode.parent.in_(codes))
    rows = db.session.scalars(select(HsCode).where(_may_be(without), fits)).all()

    def place(row: HsCode) -> tuple[int, int, str]:
        meant = [number for number, code in enumerate(codes) if code in (row.code, row.parent)]
        return -len(meant), meant[0], row.code

    return sorted(rows, key=place)


def _speaking_of(words: Sequence[str], limit: int, without: str) -> Sequence[HsCode]:
    """Codes with all of the words; where there are none, with any, the weightiest first."""
    weights = _weights(words)
    if not weights:
        return []
    both = {word: _begins_a_word(word, _WITH_HEADING) for word in weights}
    own = {word: _begins_a_word(word, _OWN) for word in weights}
    named = {word: _is_named(word) for word in weights}
    has_all = and_(*both.values())
    rank = _weight(both, weights) + NAMED * _weight(named, weights)
    order = (has_all.desc(), rank.desc(), _weight(own, weights).desc(), HsCode.code)
    rows = db.session.execute(
        select(HsCode, has_all)
        .outerjoin(_heading, _heading.code == HsCode.parent)
        .where(_may_be(without), or_(*both.values()))
        .order_by(*order)
        .limit(limit)
    ).all()
    return [row for row, whole in rows if whole] or [row for row, _ in rows]


def _is_named(word: str) -> ColumnElement[bool]:
    """Whether the code or its heading is named for the word: “Kopi, …” is more than “… kopi”."""
    return or_(
        *(
            text.istartswith(word, autoescape=True)
            for row in (HsCode, _heading)
            for text in (row.description_en, row.description_id)
        )
    )


def _weights(words: Sequence[str]) -> dict[str, float]:
    """How much each word says: the fewer codes have it, the more. Those of no code are left out."""
    counts = db.session.execute(
        select(
            func.count(),
            *(func.count(case((_begins_a_word(word, _WITH_HEADING), 1))) for word in words),
        )
        .select_from(HsCode)
        .outerjoin(_heading, _heading.code == HsCode.parent)
        .where(HsCode.level == 6)
    ).one()
    return {
        word: math.log(1 + counts[0] / count)
        for word, count in zip(words, counts[1:], strict=True)
        if count
    }


def _weight(
    conditions: dict[str, ColumnElement[bool]], weights: dict[str, float]
) -> ColumnElement[float]:
    parts = [case((fits, weights[word]), else_=0.0) for word, fits in conditions.items()]
    return sum(parts, literal(0.0))


def _begins_a_word(word: str, text: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a word of the `text` begins with `word`, as it is or as the tariff has it."""
    says = [word, *([IN_THE_TARIFF[word]] if word in IN_THE_TARIFF else [])]
    return or_(*(text.contains(f" {said}", autoescape=True) for said in says))


def _words_of(row: type[HsCode]) -> ColumnElement[str]:
    """The descriptions in both languages, in small letters, with a space before each word."""
    text = func.lower(literal(" ") + row.description_en + literal(" ") + row.description_id)
    return func.replace(func.replace(text, "-", " "), "(", " ")


_OWN = _words_of(HsCode)
_WITH_HEADING = _OWN + func.coalesce(_words_of(_heading), "")
