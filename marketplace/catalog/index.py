"""The search index of both databases: what is written for a product, and how it is asked.

One row per product. `name` and `words` hold its analysed text in every language it has, `tags`
the filters as terms such as `category:coffee`, so that one index answers text and filters;
`facts` is what ranking and counting need, in one compact text.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Integer, Row, and_, column, delete, select, table, text
from sqlalchemy.dialects import postgresql, sqlite

from marketplace.catalog.analysis import Alternative, glossary_text, terms, words
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
KEPT_FACTS = 16_384


class Facts(NamedTuple):
    """What is known of a hit without reading the product."""

    category: str
    province: str
    island: str
    certificates: tuple[str, ...]
    price_minor: int
    currency: str
    is_available: bool
    published_at: int

    def pack(self) -> str:
        return "|".join(
            (
                self.category,
                self.province,
                self.island,
                ",".join(self.certificates),
                str(self.price_minor),
                self.currency,
                "1" if self.is_available else "0",
                str(self.published_at),
            )
        )

    @classmethod
    @lru_cache(maxsize=KEPT_FACTS)
    def unpack(cls, packed: str) -> Facts:
        category, province, island, certificates, minor, currency, available, at = packed.split("|")
        return cls(
            category,
            province,
            island,
            tuple(certificates.split(",")) if certificates else (),
            int(minor),
            currency,
            available == "1",
            int(at),
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
    facts: Facts


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def ask(question: Question, limit: int) -> list[Hit]:
    """At most `limit` hits, the newest products first where there are more."""
    if is_sqlite():
        rows = db.session.execute(_SQLITE_ASK, {"question": _fts5(question), "limit": limit})
    else:
        rows = db.session.execute(
            _POSTGRESQL_ASK,
            {
                "question": _tsquery(question),
                "phrase": _phrase(question),
                "limit": limit,
            },
        )
    return [Hit(row[0], row[1], Facts.unpack(row[2])) for row in rows]


_SQLITE_ASK = text(
    "SELECT rowid, -bm25(product_search, 8.0, 1.0, 0.0), facts FROM product_search"
    " WHERE product_search MATCH :question ORDER BY rowid DESC LIMIT :limit"
)
_POSTGRESQL_ASK = text(
    "SELECT product_id, 10 * ts_rank('{0, 0, 0.12, 1.0}', document, CAST(:question AS tsquery))"
    " + CASE WHEN document @@ CAST(:phrase AS tsquery) THEN 5 ELSE 0 END, facts"
    " FROM product_search WHERE document @@ CAST(:question AS tsquery)"
    " ORDER BY product_id DESC LIMIT :limit"
)


def _fts5(question: Question) -> str:
    parts = [
        "(" + " OR ".join(_fts5_reading(reading) for reading in readings) + ")"
        for readings in question.words
    ]
    if len(question.phrase) > 1 and parts:
        phrase = " ".join(_quoted(word) for word in question.phrase).replace('" "', " ")
        parts = [f"(({' AND '.join(parts)}) OR {{name words}} : {phrase})"]
    parts += ["tags : (" + " OR ".join(map(_quoted, group)) + ")" for group in question.tags]
    return " AND ".join(parts)


def _fts5_reading(reading: Alternative) -> str:
    said = [
        f"{{name words}} : {_quoted(term.removesuffix('*'))}" + (" *" if term.endswith("*") else "")
        for term in reading
    ]
    return "(" + " AND ".join(said) + ")"


def _quoted(term: str) -> str:
    return '"' + term.replace('"', "") + '"'


def _tsquery(question: Question) -> str:
    parts = [
        "(" + " | ".join(_tsquery_reading(reading) for reading in readings) + ")"
        for readings in question.words
    ]
    parts += ["(" + " | ".join(map(_lexeme, group)) + ")" for group in question.tags]
    return " & ".join(parts)


def _tsquery_reading(reading: Alternative) -> str:
    said = [
        _lexeme(term.removesuffix("*")) + (":*AB" if term.endswith("*") else ":AB")
        for term in reading
    ]
    return "(" + " & ".join(said) + ")"


def _phrase(question: Question) -> str:
    if len(question.phrase) < 2:
        return "'-'"
    return " <-> ".join(map(_lexeme, question.phrase))


def _lexeme(term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def index_products(ids: Collection[int]) -> None:
    """Write what is searched for these products; those not published leave the index."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        _index_chunk(wanted[start : start + CHUNK])


def rebuild() -> int:
    """Write the whole index anew; returns how many products it holds."""
    db.session.execute(text("DELETE FROM product_search"))
    db.session.execute(delete(SearchWord))
    ids = db.session.scalars(
        select(Product.id).where(Product.state == ProductState.PUBLISHED)
    ).all()
    index_products(ids)
    return len(ids)


def _index_chunk(ids: Sequence[int]) -> None:
    db.session.flush()
    documents = list(_read_documents(ids))
    key = column("rowid" if is_sqlite() else "product_id", Integer)
    db.session.execute(delete(table("product_search", key)).where(key.in_(ids)))
    if not documents:
        return
    if is_sqlite():
        db.session.execute(
            text(
                "INSERT INTO product_search (rowid, name, words, tags, facts)"
                " VALUES (:id, :name, :words, :tags, :facts)"
            ),
            [
                {
                    "id": document.product_id,
                    "name": " ".join(document.name),
                    "words": " ".join(document.words),
                    "tags": " ".join(document.tags),
                    "facts": document.facts.pack(),
                }
                for document in documents
            ],
        )
    else:
        db.session.execute(
            text(
                "INSERT INTO product_search (product_id, document, facts)"
                " VALUES (:id, CAST(:document AS tsvector), :facts)"
            ),
            [
                {
                    "id": document.product_id,
                    "document": _tsvector(document),
                    "facts": document.facts.pack(),
                }
                for document in documents
            ],
        )
    _remember_words(documents)


@dataclass(frozen=True)
class Document:
    product_id: int
    name: Sequence[str]
    words: Sequence[str]
    tags: Sequence[str]
    facts: Facts
    vocabulary: frozenset[str]


def _tsvector(document: Document) -> str:
    places: dict[str, list[str]] = {}
    for weight, found in (("A", document.name), ("B", document.words)):
        for place, term in enumerate(found, 1 if weight == "A" else len(document.name) + 10):
            if place < 16_000:
                places.setdefault(term, []).append(f"{place}{weight}")
    said = [f"{_lexeme(term)}:{','.join(at[:200])}" for term, at in places.items()]
    return " ".join([*said, *map(_lexeme, document.tags)])


def _remember_words(documents: Iterable[Document]) -> None:
    seen = sorted({word for document in documents for word in document.vocabulary})
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    for start in range(0, len(seen), CHUNK):
        db.session.execute(
            insert(SearchWord)
            .values([{"word": word} for word in seen[start : start + CHUNK]])
            .on_conflict_do_nothing()
        )


def _read_documents(ids: Sequence[int]) -> Iterable[Document]:
    products = db.session.execute(
        select(
            Product.id,
            Product.category,
            Product.published_at,
            Product.original_locale,
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
        yield _document(product, texts.get(product.id, []), certificates.get(product.id, set()))


def _document(
    product: Row[*tuple[Any, ...]],
    texts: Sequence[Row[int, str, str]],
    certificates: set[str],
) -> Document:
    names = [row.name for row in texts]
    goods = glossary_text(product.category, names)
    places = (product.regency, product.name_ko, product.name_id, product.name_en)
    around = " ".join((goods, product.cooperative_name, *places))
    facts = Facts(
        product.category,
        product.province,
        island_slug(product.island_group),
        tuple(sorted(certificates)),
        product.price_minor,
        product.currency,
        product.available > 0,
        int((product.published_at or datetime.fromtimestamp(0, UTC)).timestamp()),
    )
    return Document(
        product_id=product.id,
        name=[term for name in names for term in terms(name)],
        words=[*terms(around), *(term for row in texts for term in terms(row.story))],
        tags=_tags(facts, product.cooperative_slug),
        facts=facts,
        vocabulary=frozenset(
            word for word in words(" ".join((*names, around))) if len(word) > 1 and word.isalpha()
        ),
    )


def _tags(facts: Facts, cooperative: str) -> list[str]:
    band = f"price:{price_band(facts.price_minor)}" if facts.currency == "IDR" else OTHER_CURRENCY
    return [
        "all:products",
        f"category:{facts.category}",
        f"province:{facts.province}",
        f"island:{facts.island}",
        f"cooperative:{cooperative}",
        f"available:{'yes' if facts.is_available else 'no'}",
        band,
        *(f"certificate:{kind}" for kind in facts.certificates),
    ]
