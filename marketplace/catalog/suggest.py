"""What a search may become while it is typed: products, then cooperatives, then places."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from marketplace.catalog import index
from marketplace.catalog.analysis import words
from marketplace.catalog.index import Question
from marketplace.catalog.models import Product, ProductText
from marketplace.cooperatives.models import Cooperative, CooperativeState
from marketplace.kernel.db import db
from marketplace.reference.models import Province, Regency

MOST = 6
MOST_PRODUCTS = 4
CANDIDATES = 60


class Suggestion(NamedTuple):
    """`kind` is product, cooperative or place; the typed part stands between before and after."""

    kind: str
    slug: str
    category: str
    before: str
    typed: str
    after: str


def suggest_for(typed: str, lang: str) -> list[Suggestion]:
    """At most six; none for less than two letters, or one of Hangul."""
    typed = typed.replace("\0", "")
    said = words(typed)
    if not said or (len(typed.strip()) < 2 and typed.isascii()):
        return []
    products = _products(said, typed, lang)[:MOST_PRODUCTS]
    return [*products, *_cooperatives(typed), *_places(typed, lang)][:MOST]


def _products(said: list[str], typed: str, lang: str) -> list[Suggestion]:
    hits = index.ask(Question(words=[[(f"{word}*",)] for word in said]), CANDIDATES)
    best = sorted(hits, key=lambda hit: -hit.relevance)[: 2 * MOST_PRODUCTS]
    original, local = aliased(ProductText), aliased(ProductText)
    rows = db.session.execute(
        select(Product.id, Product.slug, Product.category, local.name, original.name)
        .join(
            original,
            and_(original.product_id == Product.id, original.locale == Product.original_locale),
        )
        .outerjoin(local, and_(local.product_id == Product.id, local.locale == lang))
        .where(Product.id.in_([hit.product_id for hit in best]))
    )
    known = {row[0]: row for row in rows}
    return [
        Suggestion("product", row[1], row[2], *marked(row[3] or row[4], typed))
        for hit in best
        if (row := known.get(hit.product_id))
    ]


def _cooperatives(typed: str) -> list[Suggestion]:
    rows = db.session.execute(
        select(Cooperative.slug, Cooperative.name)
        .where(
            Cooperative.state == CooperativeState.OPEN,
            Cooperative.name.icontains(typed.strip(), autoescape=True),
        )
        .order_by(Cooperative.name)
        .limit(2)
    )
    return [Suggestion("cooperative", row[0], "", *marked(row[1], typed)) for row in rows]


def _places(typed: str, lang: str) -> list[Suggestion]:
    sought = typed.strip()
    name = {"ko": Province.name_ko, "id": Province.name_id}.get(lang, Province.name_en)
    rows = db.session.execute(
        select(Province.letters, name)
        .join(Regency, Regency.province_code == Province.code)
        .where(
            or_(
                Province.name_ko.icontains(sought, autoescape=True),
                Province.name_id.icontains(sought, autoescape=True),
                Province.name_en.icontains(sought, autoescape=True),
                Regency.name.icontains(sought, autoescape=True),
            )
        )
        .distinct()
        .order_by(name)
        .limit(2)
    )
    return [Suggestion("place", row[0], "", *marked(row[1], typed)) for row in rows]


def marked(name: str, typed: str) -> tuple[str, str, str]:
    """`name` cut at the typed part; nothing is marked where the name does not hold it."""
    found = re.search(re.escape(typed.strip()), name, re.IGNORECASE)
    if found is None:
        return name, "", ""
    return name[: found.start()], found.group(), name[found.end() :]
