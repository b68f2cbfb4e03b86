"""Questions to the index, and the hits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, TextClause, func, select, text

from marketplace.catalog.analysis import Alternative
from marketplace.catalog.index.grammar import fts5, tsquery
from marketplace.catalog.index.ranking import relevance
from marketplace.catalog.index.rows import SEARCH, beginning_of, era_of, era_tag, is_sqlite
from marketplace.kernel.db import db

FEW_ERAS, MANY_ERAS = 2, 64


@dataclass(frozen=True)
class Question:
    """Words, each with its readings; and filters, of which one of each group must hold."""

    words: Sequence[Sequence[Alternative]] = ()
    phrase: Sequence[str] = ()
    tags: Sequence[Sequence[str]] = ()


class Hit(NamedTuple):
    product_id: int
    relevance: float


@dataclass(frozen=True)
class Hits:
    """Columns of the same length, newest product first.

    Not a row each: thousands of small objects would call the garbage collector again and again.
    `traits` are packed, `dates` in seconds.
    """

    ids: Sequence[int] = ()
    traits: Sequence[str] = ()
    prices: Sequence[int] = ()
    dates: Sequence[int] = ()
    titles: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> tuple[Sequence[Any], ...]:
        return (self.ids, self.traits, self.prices, self.dates, self.titles)

    def only(self, mask: Sequence[bool]) -> Hits:
        return Hits(*(tuple(compress(values, mask)) for values in self.columns))

    def first(self, most: int) -> Hits:
        return self if len(self) <= most else Hits(*(values[:most] for values in self.columns))


def ask(question: Question, limit: int) -> list[Hit]:
    hits = gather(question, limit)
    return list(map(Hit, hits.ids, relevance(question.words, question.phrase, hits.titles)))


def gather(question: Question, limit: int) -> Hits:
    """At most `limit` hits, the newest products first where there are more."""
    if not question.words and not question.tags:
        rows = _fetch(_NEWEST, limit=limit)
    elif is_sqlite():
        rows = _fetch(_SQLITE_ASK, question=fts5(question.words, question.tags), limit=limit)
    else:
        rows = _ask_postgresql(question, limit)
    return Hits(*zip(*rows, strict=True))


Rows = Sequence[tuple[Any, ...]]


def _fetch(statement: TextClause, **values: Any) -> Rows:
    """Rows as the driver makes them, for the same reason."""
    result = cast(CursorResult[Any], db.session.execute(statement, values))
    return result.cursor.fetchall() if result.cursor else []


_ROW = "SELECT p.product_id, p.traits, p.price_minor, p.published_at, p.title"
_NEWEST = text(f"{_ROW} FROM product_search AS p ORDER BY p.product_id DESC LIMIT :limit")
_SQLITE_ASK = text(
    f"{_ROW} FROM product_search_terms AS t"
    " CROSS JOIN product_search AS p ON p.product_id = t.rowid"
    " WHERE t.product_search_terms MATCH :question ORDER BY t.rowid DESC LIMIT :limit"
)
# The sums keep PostgreSQL from using the key of the table instead of the index.
_POSTGRESQL_ASK = text(
    f"{_ROW} FROM product_search AS p WHERE p.document @@ CAST(:question AS tsquery)"
    " AND p.product_id + 0 < :before"
    " ORDER BY p.product_id + 0 DESC LIMIT :limit"
)


def _ask_postgresql(question: Question, limit: int) -> Rows:
    """PostgreSQL reads every hit before it sorts them: ask era after era, then for all the rest."""
    newest = era_of(db.session.scalar(select(func.max(SEARCH.c.product_id))) or 0)
    before = newest + 1
    rows: list[tuple[Any, ...]] = []
    eras = FEW_ERAS
    while before and len(rows) < limit:
        if eras > min(MANY_ERAS, before):
            return [*rows, *_ask_eras(question, (), before, limit - len(rows))]
        span = range(before - eras, before)
        rows += _ask_eras(question, span, before, limit - len(rows))
        before -= eras
        # As many as will hold what is missing, and a quarter more, if they are as full as these.
        eras = max(FEW_ERAS, (newest + 1 - before) * (limit - len(rows)) * 5 // (4 * len(rows) + 1))
    return rows


def _ask_eras(question: Question, eras: Collection[int], before: int, limit: int) -> Rows:
    """Hits of these eras, or of all before one."""
    tags = [*question.tags, *([list(map(era_tag, eras))] if eras else [])]
    asked = tsquery(question.words, tags)
    return _fetch(_POSTGRESQL_ASK, question=asked, before=beginning_of(before), limit=limit)
