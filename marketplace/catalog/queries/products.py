from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.orm import aliased, selectinload

from marketplace.catalog.models import (
    CatalogVersion,
    PendingPhoto,
    Product,
    ProductState,
    ProductText,
    TextStatus,
    Variant,
)
from marketplace.catalog.queries.cards import first_photo
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db, exists
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import Money
from marketplace.kernel.rows import run

_VERSION = select(CatalogVersion.number).where(CatalogVersion.id == 1)
_FIRST_PHOTOS = select(Product.slug, first_photo().label("photo")).where(
    Product.slug.in_(bindparam("slugs", expanding=True))
)


def catalog_version() -> int:
    """Rises with every change that a visitor can see."""
    return run(_VERSION).scalar() or 0


def count_published() -> int:
    return (
        db.session.scalar(select(func.count()).where(Product.state == ProductState.PUBLISHED)) or 0
    )


def get_product(slug: str) -> Product:
    """A product anyone may see, with texts, variants and photos. Raises NotFound."""
    product = find_product(slug)
    if product is None or product.state is not ProductState.PUBLISHED:
        raise NotFound
    return product


def find_product(slug: str) -> Product | None:
    """A product in any state, with texts, variants and photos."""
    return db.session.scalar(_whole_product().where(Product.slug == slug))


def get_product_of(cooperative: Cooperative, slug: str) -> Product:
    """A cooperative's own product in any state. Raises NotFound for all others."""
    product = db.session.scalar(
        _whole_product().where(Product.slug == slug, Product.cooperative_id == cooperative.id)
    )
    if product is None:
        raise NotFound
    return product


def list_pending_photos(cooperative: Cooperative, keys: Sequence[str]) -> list[PendingPhoto]:
    """Of the pictures named by a form, those that this cooperative has sent, in that order."""
    if not keys:
        return []
    rows = db.session.scalars(
        select(PendingPhoto).where(
            PendingPhoto.cooperative_id == cooperative.id, PendingPhoto.key.in_(keys)
        )
    ).all()
    return sorted(rows, key=lambda row: list(keys).index(row.key))


def _whole_product() -> Select[Product]:
    return select(Product).options(
        selectinload(Product.texts), selectinload(Product.variants), selectinload(Product.photos)
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What a cart, a checkout and an export sheet need to know of one variant."""

    variant_id: int
    product_id: int
    slug: str
    name: str
    original_name: str
    original_locale: str
    name_status: TextStatus
    label: str
    category: str
    hs6: str
    price: Money
    weight_grams: int
    available: int
    is_published: bool
    cooperative_id: int
    cooperative_slug: str
    photo: str | None


@cache
def _offers() -> Select[*tuple[Any, ...]]:
    """The question of `list_offers`; putting it into words takes longer than the answer."""
    original, local = aliased(ProductText), aliased(ProductText)
    return (
        select(
            Variant.id,
            Variant.product_id,
            Product.slug,
            local.name.label("local_name"),
            local.status.label("local_status"),
            original.name.label("original_name"),
            original.status.label("original_status"),
            Product.original_locale,
            Variant.label,
            Product.category,
            Product.hs6,
            Variant.price_minor,
            Variant.currency,
            Variant.weight_grams,
            Variant.stock - Variant.held,
            Product.state,
            Cooperative.id,
            Cooperative.slug,
            first_photo(),
        )
        .join(Product, Product.id == Variant.product_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .join(
            original,
            and_(original.product_id == Product.id, original.locale == Product.original_locale),
        )
        .outerjoin(local, and_(local.product_id == Product.id, local.locale == bindparam("lang")))
        .where(
            Variant.id.in_(bindparam("ids", expanding=True)),
            Product.hs6.is_not(None),
            Variant.price_minor.is_not(None),
            Variant.weight_grams.is_not(None),
        )
    )


def list_offers(variant_ids: Collection[int], lang: str) -> dict[int, Offer]:
    """The variants by id, named in `lang` where there is such a text. One query, no lock.

    Variants of a draft that lacks something are no offers.
    """
    if not variant_ids:
        return {}
    rows = run(_offers(), {"ids": list(variant_ids), "lang": lang})
    return {
        row[0]: Offer(
            variant_id=row[0],
            product_id=row[1],
            slug=row[2],
            name=row[3] or row[5],
            original_name=row[5],
            original_locale=row[7],
            name_status=row[4] or row[6],
            label=row[8],
            category=row[9],
            hs6=row[10],
            price=Money(row[11], row[12]),
            weight_grams=row[13],
            available=row[14],
            is_published=row[15] is ProductState.PUBLISHED,
            cooperative_id=row[16],
            cooperative_slug=row[17],
            photo=row[18],
        )
        for row in rows
    }


def list_photos(slugs: Collection[str]) -> dict[str, str]:
    """The first photo of each of these products that has one, whatever became of it since."""
    rows = run(_FIRST_PHOTOS, {"slugs": list(slugs)})
    return {row.slug: row.photo for row in rows if row.photo}


def get_offer(variant_id: int, lang: str) -> Offer:
    """One variant of a product anyone may see. Raises NotFound."""
    offer = list_offers([variant_id], lang).get(variant_id)
    if offer is None or not offer.is_published:
        raise NotFound
    return offer


def list_products_of(cooperative: Cooperative) -> Sequence[Product]:
    """All products of a cooperative for its desk, newest first."""
    return db.session.scalars(
        _whole_product()
        .where(Product.cooperative_id == cooperative.id)
        .order_by(Product.created_at.desc(), Product.id.desc())
    ).all()


def has_goods(cooperative_id: int) -> bool:
    """Whether the cooperative has anything in the shop."""
    return exists(
        select(Product.id).where(
            Product.cooperative_id == cooperative_id, Product.state == ProductState.PUBLISHED
        )
    )
