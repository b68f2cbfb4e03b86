"""Questions to the index, and the hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, TextClause, func, select, text

from marketplace.catalog.analysis import Alternative
from marketplace.catalog.index.eras import beginning_of, era_of, run_before
from marketplace.catalog.index.grammar import fts5, tsquery
from marketplace.catalog.index.ranking import relevance
from marketplace.catalog.index.rows import SEARCH, is_sqlite
from marketplace.kernel.db import db

FIRST_ERAS = 2
LARGEST_ID = 2**31 - 1


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

    def __add__(self, older: Hits) -> Hits:
        columns = zip(self.columns, older.columns, strict=True)
        return Hits(*((*ours, *theirs) for ours, theirs in columns))

    def only(self, mask: Sequence[bool]) -> Hits:
        return Hits(*(tuple(compress(values, mask)) for values in self.columns))

    def first(self, most: int) -> Hits:
        return self if len(self) <= most else Hits(*(values[:most] for values in self.columns))


def ask(question: Question, limit: int) -> list[Hit]:
    hits = gather(question, limit)
    return list(map(Hit, hits.ids, relevance(question.words, question.phrase, hits.titles)))


def gather(question: Question, limit: int, before: int = LARGEST_ID, reach: int = 0) -> Hits:
    """At most `limit` hits, the newest products before one first where there are more.

    `reach`: how many products back so many hits are thought to lie, where that is known.
    """
    if not question.words and not question.tags:
        rows = _fetch(_NEWEST, before=before, limit=limit)
    elif is_sqlite():
        rows = _fetch(
            _SQLITE_ASK, question=fts5(question.words, question.tags), before=before, limit=limit
        )
    else:
        rows = _ask_postgresql(question, limit, before, reach)
    return Hits(*zip(*rows, strict=True))


Rows = Sequence[tuple[Any, ...]]


def _fetch(statement: TextClause, **values: Any) -> Rows:
    """Rows as the driver makes them, for the same reason."""
    result = cast(CursorResult[Any], db.session.execute(statement, values))
    return result.cursor.fetchall() if result.cursor else []


_ROW = "SELECT p.product_id, p.traits, p.price_minor, p.published_at, p.title"
_NEWEST = text(
    f"{_ROW} FROM product_search AS p WHERE p.product_id < :before"
    " ORDER BY p.product_id DESC LIMIT :limit"
)
_SQLITE_ASK = text(
    f"{_ROW} FROM product_search_terms AS t"
    " CROSS JOIN product_search AS p ON p.product_id = t.rowid"
    " WHERE t.product_search_terms MATCH :question AND t.rowid < :before"
    " ORDER BY t.rowid DESC LIMIT :limit"
)
# The sums keep PostgreSQL from using the key of the table instead of the index.
_POSTGRESQL_ASK = text(
    f"{_ROW} FROM product_search AS p WHERE p.document @@ CAST(:question AS tsquery)"
    " AND p.product_id + 0 < :before"
    " ORDER BY p.product_id + 0 DESC LIMIT :limit"
)


def _ask_postgresql(question: Question, limit: int, before: int, reach: int) -> Rows:
    """Run after run of the newest products, each as long as it takes to find what is missing."""
    if before == LARGEST_ID:
        before = 1 + (db.session.scalar(select(func.max(SEARCH.c.product_id))) or 0)
    last = left = era_of(before - 1) + 1
    eras = max(FIRST_ERAS, era_of(reach * 5 // 4))
    rows: list[tuple[Any, ...]] = []
    while left and len(rows) < limit:
        first, run = run_before(left, eras)
        rows += _fetch(
            _POSTGRESQL_ASK,
            question=tsquery(question.words, [*question.tags, *([run] if run else [])]),
            before=min(before, beginning_of(left)),
            limit=limit - len(rows),
        )
        left = first
        # A quarter more, since the hits do not lie evenly.
        eras = max(FIRST_ERAS, (last - left) * (limit - len(rows)) * 5 // (4 * len(rows) + 1))
    return rows
