"""What is written for a product."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from sqlalchemy import Row, and_, delete, select, text

from marketplace.catalog.analysis import glossary_text, terms, words
from marketplace.catalog.index.eras import tags_of
from marketplace.catalog.index.rows import (
    OTHER_CURRENCY,
    SEARCH,
    TERMS,
    Traits,
    is_sqlite,
    price_band,
)
from marketplace.catalog.index.spelling import forget_words, remember_words
from marketplace.catalog.models import Certificate, Product, ProductState, ProductText, Variant
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.reference.models import Province, Regency

CHUNK = 500


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
    forget_words()
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
    remember_words({word for document in documents for word in document.vocabulary})


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
        *tags_of(product.id),
    ]


def island_slug(group: str) -> str:
    return group.lower().replace(" ", "-")
