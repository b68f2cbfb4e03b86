"""The words that products are called by, found again by the letters they share."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from marketplace.catalog.analysis import letters, slips, threes
from marketplace.catalog.index.rows import SPELLING, is_sqlite
from marketplace.catalog.models import SearchWord
from marketplace.kernel.db import db

CHUNK = 500
MOST_SPELLINGS = 64


def known_words(said: Collection[str]) -> set[str]:
    """Which of these words some product does contain."""
    return set(db.session.scalars(select(SearchWord.word).where(SearchWord.word.in_(said))))


def find_spellings(word: str) -> list[str]:
    """Known words that share most with `word` and are as many letters off as a slip may be."""
    size, few = letters(word), slips(word)
    statement = (
        select(SPELLING.c.word)
        .where(
            SPELLING.c.part.in_(sorted(threes(word))),
            SPELLING.c.letters.between(size - few, size + few),
        )
        .group_by(SPELLING.c.word)
        .order_by(func.count().desc(), SPELLING.c.word)
        .limit(MOST_SPELLINGS)
    )
    return list(db.session.scalars(statement))


def remember_words(said: Collection[str]) -> None:
    """Know these words from now on; each once."""
    seen = sorted(said)
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    for start in range(0, len(seen), CHUNK):
        new = db.session.scalars(
            insert(SearchWord)
            .values([{"word": word} for word in seen[start : start + CHUNK]])
            .on_conflict_do_nothing()
            .returning(SearchWord.word)
        ).all()
        if new:
            db.session.execute(
                insert(SPELLING).on_conflict_do_nothing(),
                [
                    {"part": part, "letters": letters(word), "word": word}
                    for word in new
                    for part in threes(word)
                ],
            )


def forget_words() -> None:
    db.session.execute(delete(SPELLING))
    db.session.execute(delete(SearchWord))
