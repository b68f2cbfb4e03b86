"""Cards of the shop: one query for a whole page of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from marketplace.catalog.models import (
    Certificate,
    Photo,
    Product,
    ProductState,
    ProductText,
    Variant,
)
from marketplace.catalog.policies import FEW_LEFT, SOLD_BY_WEIGHT, unit_price
from marketplace.catalog.queries.prices import Prices
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.reference.models import Province, Regency

KEPT_CARDS = 512
NEW_FOR = timedelta(days=14)
MOST_BADGES = 2


class Badge(NamedTuple):
    """A certificate that has not lapsed; `is_checked` once a person has seen the paper."""

    kind: str
    is_checked: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A product as the list shows it. `price` in won; `orig` is empty where `name` is it."""

    slug: str
    name: str
    orig: str
    orig_locale: str
    category: str
    price: Money
    unit_price: Money | None
    weight_grams: int
    landed: Money | None
    share: Money
    badges: tuple[Badge, ...]
    is_new: bool
    available: int
    photo: str | None
    coop_name: str
    coop_slug: str
    coop_motif: str
    coop_dye: int
    place: str

    @property
    def is_scarce(self) -> bool:
        return 0 < self.available <= FEW_LEFT


def list_cards(ids: Sequence[int], lang: str, *, prices: Prices, at: datetime) -> Sequence[Card]:
    """Cards of these products, in this order. One query."""
    if not ids:
        return []
    by_id = dict(_read("ids", lang, prices=prices, at=at, ids=list(ids)))
    return [by_id[product_id] for product_id in ids if product_id in by_id]


def list_newest_cards(lang: str, *, prices: Prices, at: datetime, limit: int) -> Sequence[Card]:
    return [card for _, card in _read("newest", lang, prices=prices, at=at, limit=limit)]


def list_cards_of(
    cooperative_id: int,
    lang: str,
    *,
    prices: Prices,
    at: datetime,
    limit: int,
    without: int | None = None,
) -> Sequence[Card]:
    """A cooperative's newest goods, leaving one product out."""
    cards = _read(
        "cooperative",
        lang,
        prices=prices,
        at=at,
        limit=limit,
        cooperative=cooperative_id,
        without=without or 0,
    )
    return [card for _, card in cards]


def _read(
    kind: str, lang: str, *, prices: Prices, at: datetime, **values: Any
) -> Sequence[tuple[int, Card]]:
    rows = db.session.execute(_statement(kind, lang), {"on": prices.on, **values})
    # A card is made of its row and the prices alone, so the same row need not be reckoned again.
    return [(row[0], _card(tuple(row), row[5] > at - NEW_FOR, prices)) for row in rows]


@cache
def _statement(kind: str, lang: str) -> Select[*tuple[Any, ...]]:
    """The query, put together once for each kind of list and language."""
    original, local = aliased(ProductText), aliased(ProductText)
    province = {"ko": Province.name_ko, "id": Province.name_id}.get(lang, Province.name_en)
    statement = (
        select(
            Product.id,
            Product.slug,
            Product.category,
            Product.hs6,
            Product.original_locale,
            Product.published_at,
            func.coalesce(local.name, original.name),
            original.name,
            Variant.price_minor,
            Variant.currency,
            Variant.weight_grams,
            Variant.stock - Variant.held,
            Cooperative.name,
            Cooperative.slug,
            Cooperative.motif,
            Cooperative.dye,
            province,
            first_photo(),
            _badges(),
        )
        .join(Variant, and_(Variant.product_id == Product.id, Variant.position == 1))
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .join(Regency, Regency.code == Cooperative.regency_code)
        .join(Province, Province.code == Regency.province_code)
        .join(
            original,
            and_(original.product_id == Product.id, original.locale == Product.original_locale),
        )
        .outerjoin(local, and_(local.product_id == Product.id, local.locale == lang))
    )
    if kind == "ids":
        return statement.where(Product.id.in_(bindparam("ids", expanding=True)), is_published())
    if kind == "cooperative":
        statement = statement.where(
            Product.cooperative_id == bindparam("cooperative"),
            Product.id != bindparam("without"),
            is_published(),
        )
    else:
        statement = statement.where(Product.state == ProductState.PUBLISHED)
    newest = (Product.published_at.desc(), Product.id.desc())
    return statement.order_by(*newest).limit(bindparam("limit"))


def is_published() -> ColumnElement[bool]:
    """Of products found by another index.

    The function keeps SQLite from walking the index of all published products instead.
    """
    return func.coalesce(Product.state, "") == ProductState.PUBLISHED.value


@lru_cache(maxsize=KEPT_CARDS)
def _card(row: tuple[Any, ...], is_new: bool, prices: Prices) -> Card:
    (_, slug, category, hs6, original_locale, _, name, original_name, *more) = row
    (price_minor, currency, weight_grams, available, *coop, place, photo, badges) = more
    price = prices.won(Money(price_minor, currency))
    landed = prices.landed(price, hs6=hs6, weight_grams=weight_grams)
    by_weight = category in SOLD_BY_WEIGHT
    return Card(
        slug=slug,
        name=name,
        orig=original_name if name != original_name else "",
        orig_locale=original_locale,
        category=category,
        price=price,
        unit_price=unit_price(price, weight_grams) if by_weight else None,
        weight_grams=weight_grams,
        landed=landed.total if landed else None,
        share=prices.village_share(price),
        badges=tuple(parse_badges(badges)[:MOST_BADGES]),
        is_new=is_new,
        available=available,
        photo=photo,
        coop_name=coop[0],
        coop_slug=coop[1],
        coop_motif=coop[2],
        coop_dye=coop[3],
        place=place,
    )


def parse_badges(packed: str | None) -> list[Badge]:
    """`halal1,gi0` → checked ones first."""
    badges = {Badge(part[:-1], part[-1] == "1") for part in (packed or "").split(",") if part}
    return sorted(badges, key=lambda badge: (not badge.is_checked, badge.kind))


def first_photo() -> ScalarSelect[str]:
    """The picture a Product shows itself with in lists, as a column of a statement."""
    return (
        select(Photo.key)
        .where(Photo.product_id == Product.id)
        .order_by(Photo.position)
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )


def _badges() -> ScalarSelect[str]:
    seen = case((Certificate.checked_on.is_(None), "0"), else_="1")
    return (
        select(func.aggregate_strings(cast(Certificate.kind, String) + seen, ","))
        .where(
            Certificate.product_id == Product.id,
            or_(Certificate.valid_until.is_(None), Certificate.valid_until >= bindparam("on")),
        )
        .correlate(Product)
        .scalar_subquery()
    )
