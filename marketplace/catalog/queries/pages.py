"""All that the page of one product shows, in five queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from marketplace.catalog.models import (
    Certificate,
    Photo,
    Product,
    ProductState,
    ProductText,
    TextStatus,
    Variant,
)
from marketplace.catalog.policies import FEW_LEFT, SOLD_BY_WEIGHT, unit_price
from marketplace.catalog.queries.prices import Prices
from marketplace.cooperatives.models import Cooperative
from marketplace.customs.policies import LandedCost
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import Money
from marketplace.reference.models import District, Province, Regency, Village


class Picture(NamedTuple):
    key: str
    width: int
    height: int


class Paper(NamedTuple):
    """A certificate as the page states it."""

    kind: str
    number: str
    issuer: str
    valid_until: date | None
    checked_on: date | None


class Words(NamedTuple):
    name: str
    story: str
    status: TextStatus


@dataclass(frozen=True)
class Choice:
    """A variant with its price in won and what one piece costs delivered."""

    id: int
    label: str
    price: Money
    origin_price: Money
    unit_price: Money | None
    weight_grams: int
    available: int
    landed: LandedCost | None
    parts: Mapping[str, Money]

    @property
    def is_scarce(self) -> bool:
        return 0 < self.available <= FEW_LEFT


@dataclass(frozen=True)
class Maker:
    """The cooperative beside its product."""

    id: int
    slug: str
    name: str
    motif: str
    dye: int
    members: int
    women: int
    founded_year: int | None
    village: str | None
    district: str | None
    regency: str
    province: str

    @property
    def women_percent(self) -> int:
        return round(100 * self.women / self.members) if self.members else 0


@dataclass(frozen=True)
class ProductPage:
    id: int
    slug: str
    category: str
    hs6: str
    state: ProductState
    original_locale: str
    published_at: datetime | None
    texts: Mapping[str, Words]
    choices: Sequence[Choice]
    pictures: Sequence[Picture]
    papers: Sequence[Paper]
    maker: Maker

    def words(self, lang: str) -> Words:
        """In the reader's language where there is such a text, else the maker's own."""
        return self.texts.get(lang) or self.original

    @property
    def original(self) -> Words:
        return self.texts[self.original_locale]

    @property
    def choice(self) -> Choice:
        return self.choices[0]

    @property
    def available(self) -> int:
        return sum(choice.available for choice in self.choices)


def get_product_page(slug: str, lang: str, *, prices: Prices) -> ProductPage:
    """A product in any state; the caller decides who may see a draft.

    Raises NotFound, also for a draft that lacks a code, price or weight: no page can be made of it.
    """
    if "\0" in slug:
        raise NotFound
    row = db.session.execute(_product_statement(lang), {"slug": slug}).first()
    if row is None or row.hs6 is None:
        raise NotFound
    choices = _choices(row, prices)
    if not choices:
        raise NotFound
    return ProductPage(
        id=row.id,
        slug=slug,
        category=row.category,
        hs6=row.hs6,
        state=row.state,
        original_locale=row.original_locale,
        published_at=row.published_at,
        texts=_texts(row.id),
        choices=choices,
        pictures=_pictures(row.id),
        papers=_papers(row.id),
        maker=Maker(
            id=row.coop_id,
            slug=row.coop_slug,
            name=row.coop_name,
            motif=row.motif,
            dye=row.dye,
            members=row.members,
            women=row.women,
            founded_year=row.founded_year,
            village=row.village,
            district=row.district,
            regency=row.regency,
            province=row.province,
        ),
    )


# Statements are put together once: that takes longer than asking them.
@cache
def _product_statement(lang: str) -> Select[*tuple[Any, ...]]:
    province = {"ko": Province.name_ko, "id": Province.name_id}.get(lang, Province.name_en)
    return (
        select(
            Product.id,
            Product.category,
            Product.hs6,
            Product.state,
            Product.original_locale,
            Product.published_at,
            Cooperative.id.label("coop_id"),
            Cooperative.slug.label("coop_slug"),
            Cooperative.name.label("coop_name"),
            Cooperative.motif,
            Cooperative.dye,
            Cooperative.members,
            Cooperative.women,
            Cooperative.founded_year,
            Village.name.label("village"),
            District.name.label("district"),
            Regency.name.label("regency"),
            province.label("province"),
        )
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .join(Regency, Regency.code == Cooperative.regency_code)
        .join(Province, Province.code == Regency.province_code)
        .outerjoin(Village, Village.code == Cooperative.village_code)
        .outerjoin(District, District.code == Village.district_code)
        .where(Product.slug == bindparam("slug"))
    )


_TEXTS = select(ProductText.locale, ProductText.name, ProductText.story, ProductText.status).where(
    ProductText.product_id == bindparam("product")
)
_VARIANTS = (
    select(
        Variant.id,
        Variant.label,
        Variant.price_minor,
        Variant.currency,
        Variant.weight_grams,
        (Variant.stock - Variant.held).label("available"),
    )
    .where(
        Variant.product_id == bindparam("product"),
        Variant.price_minor.is_not(None),
        Variant.weight_grams.is_not(None),
    )
    .order_by(Variant.position, Variant.id)
)
_PHOTOS = (
    select(Photo.key, Photo.width, Photo.height)
    .where(Photo.product_id == bindparam("product"))
    .order_by(Photo.position)
)
_PAPERS = (
    select(
        Certificate.kind,
        Certificate.number,
        Certificate.issuer,
        Certificate.valid_until,
        Certificate.checked_on,
    )
    .where(Certificate.product_id == bindparam("product"))
    .order_by(Certificate.kind)
)


def _texts(product_id: int) -> dict[str, Words]:
    rows = db.session.execute(_TEXTS, {"product": product_id})
    return {row.locale: Words(row.name, row.story, row.status) for row in rows}


def _choices(product: Any, prices: Prices) -> list[Choice]:
    rows = db.session.execute(_VARIANTS, {"product": product.id})
    return [_choice(row, product, prices) for row in rows]


def _choice(row: Any, product: Any, prices: Prices) -> Choice:
    origin = Money(row.price_minor, row.currency)
    price = prices.won(origin)
    by_weight = product.category in SOLD_BY_WEIGHT
    return Choice(
        id=row.id,
        label=row.label,
        price=price,
        origin_price=origin,
        unit_price=unit_price(price, row.weight_grams) if by_weight else None,
        weight_grams=row.weight_grams,
        available=row.available,
        landed=prices.landed(price, hs6=product.hs6, weight_grams=row.weight_grams),
        parts=prices.divided(price),
    )


def _pictures(product_id: int) -> list[Picture]:
    rows = db.session.execute(_PHOTOS, {"product": product_id})
    return [Picture(*row) for row in rows]


def _papers(product_id: int) -> list[Paper]:
    rows = db.session.execute(_PAPERS, {"product": product_id})
    return [Paper(row[0].value, *row[1:]) for row in rows]
