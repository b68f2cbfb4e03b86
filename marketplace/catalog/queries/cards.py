"""Cards of the shop: one query for a whole page of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    String,
    and_,
    case,
    cast,
    func,
    literal,
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
    badges: Sequence[Badge]
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
    cards = _read(Product.id.in_(ids), lang, prices=prices, at=at)
    by_id = dict(cards)
    return [by_id[product_id] for product_id in ids if product_id in by_id]


def list_newest_cards(lang: str, *, prices: Prices, at: datetime, limit: int) -> Sequence[Card]:
    cards = _read(literal(True), lang, prices=prices, at=at, limit=limit)
    return [card for _, card in cards]


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
    condition = and_(Product.cooperative_id == cooperative_id, Product.id != (without or 0))
    return [card for _, card in _read(condition, lang, prices=prices, at=at, limit=limit)]


def _read(
    condition: ColumnElement[bool],
    lang: str,
    *,
    prices: Prices,
    at: datetime,
    limit: int | None = None,
) -> Sequence[tuple[int, Card]]:
    original, local = aliased(ProductText), aliased(ProductText)
    province = {"ko": Province.name_ko, "id": Province.name_id}.get(lang, Province.name_en)
    rows = db.session.execute(
        select(
            Product.id,
            Product.slug,
            Product.category,
            Product.hs6,
            Product.original_locale,
            Product.published_at,
            local.name.label("local_name"),
            original.name.label("original_name"),
            Variant.price_minor,
            Variant.currency,
            Variant.weight_grams,
            (Variant.stock - Variant.held).label("available"),
            Cooperative.name.label("coop_name"),
            Cooperative.slug.label("coop_slug"),
            Cooperative.motif,
            Cooperative.dye,
            province.label("place"),
            _first_photo().label("photo"),
            _badges(prices).label("badges"),
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
        .where(Product.state == ProductState.PUBLISHED, condition)
        .order_by(Product.published_at.desc(), Product.id.desc())
        .limit(limit)
    )
    return [(row.id, _card(row, prices=prices, at=at)) for row in rows]


def _card(row: Any, *, prices: Prices, at: datetime) -> Card:
    price = prices.won(Money(row.price_minor, row.currency))
    landed = prices.landed(price, hs6=row.hs6, weight_grams=row.weight_grams)
    name = row.local_name or row.original_name
    by_weight = row.category in SOLD_BY_WEIGHT
    return Card(
        slug=row.slug,
        name=name,
        orig=row.original_name if name != row.original_name else "",
        orig_locale=row.original_locale,
        category=row.category,
        price=price,
        unit_price=unit_price(price, row.weight_grams) if by_weight else None,
        weight_grams=row.weight_grams,
        landed=landed.total if landed else None,
        share=prices.village_share(price),
        badges=parse_badges(row.badges)[:MOST_BADGES],
        is_new=row.published_at > at - NEW_FOR,
        available=row.available,
        photo=row.photo,
        coop_name=row.coop_name,
        coop_slug=row.coop_slug,
        coop_motif=row.motif,
        coop_dye=row.dye,
        place=row.place,
    )


def parse_badges(packed: str | None) -> list[Badge]:
    """`halal1,gi0` → checked ones first."""
    badges = {Badge(part[:-1], part[-1] == "1") for part in (packed or "").split(",") if part}
    return sorted(badges, key=lambda badge: (not badge.is_checked, badge.kind))


def _first_photo() -> ScalarSelect[str]:
    return (
        select(Photo.key)
        .where(Photo.product_id == Product.id)
        .order_by(Photo.position)
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )


def _badges(prices: Prices) -> ScalarSelect[str]:
    seen = case((Certificate.checked_on.is_(None), "0"), else_="1")
    return (
        select(func.aggregate_strings(cast(Certificate.kind, String) + seen, ","))
        .where(
            Certificate.product_id == Product.id,
            or_(Certificate.valid_until.is_(None), Certificate.valid_until >= prices.on),
        )
        .correlate(Product)
        .scalar_subquery()
    )
