"""The search index of both databases: what is written for a product, and how it is asked.

One row per product in `product_search`: what ranking, counting and sorting need, kept small. Its
terms are the analysed text in every language it has, and the filters as terms such as
`category:coffee` (no word holds a colon), so that one index answers both. They stand in
`product_search_terms` on SQLite, in `document` on PostgreSQL, without places or weights, whose
reading takes longer than all the rest; `title` tells what stands in the name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, compress
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    Integer,
    Row,
    String,
    TextClause,
    and_,
    column,
    delete,
    func,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from marketplace.catalog.analysis import (
    Alternative,
    glossary_text,
    is_hangul,
    letters,
    slips,
    terms,
    threes,
    words,
)
from marketplace.catalog.models import (
    Certificate,
    Product,
    ProductState,
    ProductText,
    SearchWord,
    Variant,
)
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.reference.models import Province, Regency

BANDS_PER_DOUBLING = 2
OTHER_CURRENCY = "price:other"
CHUNK = 500
KEPT_TRAITS = 16_384
MOST_SPELLINGS = 64
# Product numbers that share a tag, so that PostgreSQL can be asked for the newest products alone.
ERA = 4096
FEW_ERAS, MANY_ERAS = 2, 64
IN_NAME, NEARLY_IN_NAME, ELSEWHERE = 1.0, 0.7, 0.12

SEARCH = table(
    "product_search",
    column("product_id", Integer),
    column("traits", String),
    column("price_minor", BigInteger),
    column("published_at", BigInteger),
    column("title", String),
)
TERMS = table("product_search_terms", column("rowid", Integer))
SPELLING = table(
    "product_search_spelling",
    column("part", String),
    column("letters", Integer),
    column("word", String),
)


class Traits(NamedTuple):
    """What goods have in common with others: few kinds of them, so that they are counted whole."""

    category: str
    province: str
    island: str
    certificates: tuple[str, ...]
    currency: str
    is_available: bool

    def pack(self) -> str:
        return "|".join(
            (
                self.category,
                self.province,
                self.island,
                ",".join(self.certificates),
                self.currency,
                "1" if self.is_available else "0",
            )
        )

    @classmethod
    @lru_cache(maxsize=KEPT_TRAITS)
    def unpack(cls, packed: str) -> Traits:
        category, province, island, certificates, currency, available = packed.split("|")
        return cls(
            category,
            province,
            island,
            tuple(certificates.split(",")) if certificates else (),
            currency,
            available == "1",
        )


def price_band(price_minor: int) -> int:
    return int(math.log2(price_minor) * BANDS_PER_DOUBLING)


def island_slug(group: str) -> str:
    return group.lower().replace(" ", "-")


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
    relevance: Sequence[float] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> tuple[Sequence[Any], ...]:
        return (self.ids, self.traits, self.prices, self.dates, self.relevance)

    def only(self, mask: Sequence[bool]) -> Hits:
        return Hits(*(tuple(compress(values, mask)) for values in self.columns))

    def first(self, most: int) -> Hits:
        return self if len(self) <= most else Hits(*(values[:most] for values in self.columns))


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def ask(question: Question, limit: int) -> list[Hit]:
    hits = gather(question, limit)
    return list(map(Hit, hits.ids, hits.relevance))


def gather(question: Question, limit: int) -> Hits:
    """At most `limit` hits, the newest products first where there are more."""
    if not question.words and not question.tags:
        rows = _fetch(_NEWEST, limit=limit)
    elif is_sqlite():
        rows = _fetch(_SQLITE_ASK, question=_fts5(question), limit=limit)
    else:
        rows = _ask_postgresql(question, limit)
    if not rows:
        return Hits()
    ids, traits, prices, dates, titles = zip(*rows, strict=True)
    return Hits(ids, traits, prices, dates, _relevance(question, titles))


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
    newest = db.session.scalar(select(func.max(SEARCH.c.product_id))) or 0
    before = newest // ERA + 1
    rows: list[tuple[Any, ...]] = []
    eras = FEW_ERAS
    while eras <= min(MANY_ERAS, before):
        span = range(before - eras, before)
        rows += _ask_eras(question, span, (before * ERA), limit - len(rows))
        if len(rows) == limit:
            return rows
        before -= eras
        seen = newest // ERA + 1 - before
        eras = max(FEW_ERAS, seen * (limit - len(rows)) * 5 // (4 * len(rows) + 1))
    return [*rows, *_ask_eras(question, (), before * ERA, limit - len(rows))]


def _ask_eras(question: Question, eras: Collection[int], before: int, limit: int) -> Rows:
    tags = [*question.tags, *([list(map(_era, eras))] if eras else [])]
    asked = _tsquery(question.words, tags)
    return _fetch(_POSTGRESQL_ASK, question=asked, before=before, limit=limit)


def _era(number: int) -> str:
    return f"era:{number}"


def _relevance(question: Question, titles: Sequence[str]) -> list[float]:
    """By the words that stand in the name: the rarer among the hits, the more they count.

    The words as one phrase, and short names, count more.
    """
    scores = [0.0] * len(titles)
    for readings in question.words:
        mark = _marker(readings)
        marks = [mark(title) for title in titles]
        rarity = math.log(2 + len(titles) / (1 + len(titles) - marks.count(ELSEWHERE)))
        scores = [score + rarity * mark for score, mark in zip(scores, marks, strict=True)]
    phrase = f" {' '.join(question.phrase)} " if len(question.phrase) > 1 else "\0"
    return [
        score * (1.5 if phrase in title else 1) / (1 + len(title) / (1 + title.count("\n")) / 400)
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


def _fts5(question: Question) -> str:
    parts = [
        "(" + " OR ".join(_fts5_reading(reading) for reading in readings) + ")"
        for readings in question.words
    ]
    parts += ["(" + " OR ".join(map(_quoted, group)) + ")" for group in question.tags]
    return " AND ".join(parts)


def _fts5_reading(reading: Alternative) -> str:
    said = [
        _quoted(term.removesuffix("*")) + (" *" if term.endswith("*") else "") for term in reading
    ]
    return "(" + " AND ".join(said) + ")"


def _quoted(term: str) -> str:
    return '"' + term.replace('"', "") + '"'


def _tsquery(said: Sequence[Sequence[Alternative]], tags: Sequence[Sequence[str]]) -> str:
    parts = [
        "(" + " | ".join(_tsquery_reading(reading) for reading in readings) + ")"
        for readings in said
    ]
    parts += ["(" + " | ".join(map(_lexeme, group)) + ")" for group in tags]
    return " & ".join(parts)


def _tsquery_reading(reading: Alternative) -> str:
    said = [
        _lexeme(term.removesuffix("*")) + (":*" if term.endswith("*") else "") for term in reading
    ]
    return "(" + " & ".join(said) + ")"


def _lexeme(term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


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


def index_products(ids: Collection[int]) -> None:
    """Write what is searched for these products; those not published leave the index."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        db.session.flush()
        _forget(chunk)
        write(list(_read_documents(chunk)))


def rebuild() -> int:
    """Write the whole index anew; returns how many products it holds."""
    _forget()
    db.session.execute(delete(SPELLING))
    db.session.execute(delete(SearchWord))
    ids = db.session.scalars(
        select(Product.id).where(Product.state == ProductState.PUBLISHED)
    ).all()
    index_products(ids)
    return len(ids)


def _forget(ids: Collection[int] | None = None) -> None:
    """These products, or all."""
    rows = [(SEARCH, SEARCH.c.product_id)]
    if is_sqlite():
        rows.append((TERMS, TERMS.c.rowid))
    for place, key in rows:
        db.session.execute(delete(place) if ids is None else delete(place).where(key.in_(ids)))


@dataclass(frozen=True)
class Document:
    """What the index holds of one product. `title`: its names, one a line, between spaces."""

    product_id: int
    traits: Traits
    price_minor: int
    published_at: int
    title: str
    terms: Sequence[str]
    vocabulary: frozenset[str]


def write(documents: Sequence[Document]) -> None:
    """Put documents into the index that are not in it."""
    if not documents:
        return
    rows = [
        {
            "product_id": document.product_id,
            "traits": document.traits.pack(),
            "price_minor": document.price_minor,
            "published_at": document.published_at,
            "title": document.title,
            "terms": " ".join(document.terms),
        }
        for document in documents
    ]
    if is_sqlite():
        db.session.execute(_SQLITE_WRITE, rows)
        db.session.execute(_SQLITE_WRITE_TERMS, rows)
    else:
        db.session.execute(_POSTGRESQL_WRITE, rows)
    _remember_words(documents)


_SQLITE_WRITE = text(
    "INSERT INTO product_search (product_id, traits, price_minor, published_at, title)"
    " VALUES (:product_id, :traits, :price_minor, :published_at, :title)"
)
_SQLITE_WRITE_TERMS = text(
    "INSERT INTO product_search_terms (rowid, terms) VALUES (:product_id, :terms)"
)
_POSTGRESQL_WRITE = text(
    "INSERT INTO product_search (product_id, traits, price_minor, published_at, title, document)"
    " VALUES (:product_id, :traits, :price_minor, :published_at, :title,"
    " array_to_tsvector(string_to_array(:terms, ' ')))"
)


def _remember_words(documents: Iterable[Document]) -> None:
    seen = sorted({word for document in documents for word in document.vocabulary})
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


def _read_documents(ids: Sequence[int]) -> Iterable[Document]:
    products = db.session.execute(
        select(
            Product.id,
            Product.category,
            Product.published_at,
            Variant.price_minor,
            Variant.currency,
            (Variant.stock - Variant.held).label("available"),
            Cooperative.slug.label("cooperative_slug"),
            Cooperative.name.label("cooperative_name"),
            Regency.name.label("regency"),
            Province.letters.label("province"),
            Province.island_group,
            Province.name_ko,
            Province.name_id,
            Province.name_en,
        )
        .join(Variant, and_(Variant.product_id == Product.id, Variant.position == 1))
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .join(Regency, Regency.code == Cooperative.regency_code)
        .join(Province, Province.code == Regency.province_code)
        .where(Product.id.in_(ids), Product.state == ProductState.PUBLISHED)
    ).all()
    texts: dict[int, list[Row[int, str, str]]] = {}
    for row in db.session.execute(
        select(ProductText.product_id, ProductText.name, ProductText.story)
        .where(ProductText.product_id.in_(ids))
        .order_by(ProductText.product_id, ProductText.locale)
    ):
        texts.setdefault(row.product_id, []).append(row)
    certificates: dict[int, set[str]] = {}
    for product_id, kind in db.session.execute(
        select(Certificate.product_id, Certificate.kind).where(Certificate.product_id.in_(ids))
    ):
        certificates.setdefault(product_id, set()).add(kind.value)
    for product in products:
        yield describe(product, texts.get(product.id, []), certificates.get(product.id, set()))


def describe(
    product: Row[*tuple[Any, ...]],
    texts: Sequence[Row[int, str, str]],
    certificates: set[str],
) -> Document:
    names = [row.name for row in texts]
    goods = glossary_text(product.category, names)
    places = (product.regency, product.name_ko, product.name_id, product.name_en)
    around = " ".join((goods, product.cooperative_name, *places))
    traits = Traits(
        product.category,
        product.province,
        island_slug(product.island_group),
        tuple(sorted(certificates)),
        product.currency,
        product.available > 0,
    )
    found = [terms(text) for text in (*names, around, *(row.story for row in texts))]
    return Document(
        product_id=product.id,
        traits=traits,
        price_minor=product.price_minor,
        published_at=int((product.published_at or datetime.fromtimestamp(0, UTC)).timestamp()),
        title="\n".join(f" {' '.join(words(name))} " for name in names),
        terms=[*dict.fromkeys(chain(*found)), *_tags(product, traits)],
        vocabulary=frozenset(
            word for word in words(" ".join((*names, around))) if len(word) > 1 and word.isalpha()
        ),
    )


def _tags(product: Row[*tuple[Any, ...]], traits: Traits) -> list[str]:
    is_in_rupiah = product.currency == "IDR"
    return [
        f"category:{traits.category}",
        f"province:{traits.province}",
        f"island:{traits.island}",
        f"cooperative:{product.cooperative_slug}",
        f"available:{'yes' if traits.is_available else 'no'}",
        f"price:{price_band(product.price_minor)}" if is_in_rupiah else OTHER_CURRENCY,
        *(f"certificate:{kind}" for kind in traits.certificates),
        _era(product.id // ERA),
    ]
