from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from itertools import count
from typing import NamedTuple

from sqlalchemy import delete, select

from marketplace.catalog.errors import ProductChanged, ProductIncomplete
from marketplace.catalog.index import index_products
from marketplace.catalog.models import (
    Certificate,
    CertificateKind,
    Product,
    ProductState,
    ProductText,
    TextStatus,
    Variant,
)
from marketplace.catalog.operations.stock import set_stock
from marketplace.catalog.operations.version import raise_catalog_version
from marketplace.catalog.policies import names_goods, traces_of
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db, exists, lock
from marketplace.kernel.money import Money


class Text(NamedTuple):
    """Name and story in one language, and who wrote them."""

    name: str
    story: str
    status: TextStatus = TextStatus.ORIGINAL


def create_product(
    cooperative: Cooperative,
    *,
    category: str,
    hs6: str | None,
    texts: Mapping[str, Text | tuple[str, str, TextStatus]],
    price: Money | None,
    weight_grams: int | None,
    stock: int,
    at: datetime,
    by: int | None,
    slug: str | None = None,
    original_locale: str = "id",
    is_demo: bool = False,
    source_note: str | None = None,
    form_key: str | None = None,
) -> Product:
    """Write down a new product as a draft, with one variant and its first stock.

    Kind, HS code, price and weight may be missing until it is published.
    Sending the form with the same `form_key` twice gives the same product.
    """
    if form_key and (known := find_written_by(cooperative, form_key)):
        return known
    product = Product(
        slug=slug or free_slug(texts[original_locale][0]),
        cooperative_id=cooperative.id,
        category=category,
        hs6=hs6,
        original_locale=original_locale,
        state=ProductState.DRAFT,
        created_at=at,
        changed_at=at,
        is_demo=is_demo,
        source_note=source_note,
        form_key=form_key,
    )
    db.session.add(product)
    db.session.flush()
    _write_texts(product, texts)
    variant = Variant(
        product_id=product.id,
        price_minor=price.minor if price else None,
        currency=price.currency if price else "IDR",
        weight_grams=weight_grams,
        stock=0,
        held=0,
    )
    db.session.add(variant)
    db.session.flush()
    reference = f"form:{form_key}" if form_key else "first"
    set_stock(variant, stock, reason="first count", reference=reference, by=by, at=at)
    return product


def edit_product(
    product: Product,
    *,
    category: str,
    hs6: str | None,
    texts: Mapping[str, Text | tuple[str, str, TextStatus]],
    price: Money | None,
    weight_grams: int | None,
    at: datetime,
    seen: Mapping[str, str] | None = None,
) -> None:
    """Change what is said about `product`; texts of languages not named are removed.

    Orders already placed keep their names and prices. Raises ProductIncomplete where something is
    missing from goods that are no draft any more, and ProductChanged where what stands now is
    neither what the writer has `seen` nor what they write.
    """
    product = lock(Product, product.id)
    if seen is not None:
        name, story = texts[product.original_locale][:2]
        written = traces_of(name, story, category, hs6, price, weight_grams)
        stands = traces_now(product)
        changed = [
            field
            for field, trace in stands.items()
            if trace not in {seen.get(field), written[field]}
        ]
        if changed:
            raise ProductChanged(fields=changed)
    if product.state is not ProductState.DRAFT:
        name = texts[product.original_locale][0]
        _require_complete(
            name=name, category=category, hs6=hs6, price=price, weight_grams=weight_grams
        )
    product.category = category
    product.hs6 = hs6
    product.changed_at = at
    variant = get_variant(product)
    variant.price_minor = price.minor if price else None
    if price:
        variant.currency = price.currency
    variant.weight_grams = weight_grams
    db.session.execute(
        delete(ProductText).where(
            ProductText.product_id == product.id, ProductText.locale.not_in(texts)
        )
    )
    _write_texts(product, texts)
    _note_change(product)


def traces_now(product: Product) -> dict[str, str]:
    """A short trace of each field a cooperative writes, with its newest values."""
    variant = get_variant(product)
    original = db.session.get_one(
        ProductText, (product.id, product.original_locale), populate_existing=True
    )
    return traces_of(
        original.name,
        original.story,
        product.category,
        product.hs6,
        variant.price,
        variant.weight_grams,
    )


def publish_product(product: Product, at: datetime) -> None:
    """Show `product` to everyone. Raises ProductIncomplete, which names what is missing."""
    product = lock(Product, product.id)
    if product.state is ProductState.PUBLISHED:
        return
    variant = get_variant(product)
    original = db.session.get(ProductText, (product.id, product.original_locale))
    _require_complete(
        name=original.name if original else "",
        category=product.category,
        hs6=product.hs6,
        price=variant.price,
        weight_grams=variant.weight_grams,
    )
    product.state = ProductState.PUBLISHED
    product.published_at = product.published_at or at
    product.changed_at = at
    _note_change(product)


def _require_complete(
    *, name: str, category: str, hs6: str | None, price: Money | None, weight_grams: int | None
) -> None:
    """Raise ProductIncomplete unless all is there that a buyer and the customs need."""
    needed = {
        "name": bool(name.strip()),
        "category": bool(category),
        "weight": bool(weight_grams and weight_grams > 0),
        "price": bool(price and price.minor > 0),
        "hs6": bool(hs6 and names_goods(hs6)),
    }
    missing = [name for name, is_there in needed.items() if not is_there]
    if missing:
        raise ProductIncomplete(missing=missing)


def withdraw_product(product: Product, at: datetime) -> None:
    """Hide `product` from buyers; orders already placed are not touched."""
    product = lock(Product, product.id)
    if product.state is ProductState.PUBLISHED:
        product.state = ProductState.WITHDRAWN
        product.changed_at = at
        _note_change(product)


def certify_product(
    product: Product,
    kind: CertificateKind,
    *,
    number: str,
    issuer: str,
    valid_until: date | None = None,
    checked_on: date | None = None,
    source_note: str | None = None,
) -> Certificate:
    """Note the paper behind a badge; it counts as checked once `checked_on` is set."""
    certificate = Certificate(
        product_id=product.id,
        kind=kind,
        number=number,
        issuer=issuer,
        valid_until=valid_until,
        checked_on=checked_on,
        source_note=source_note,
    )
    db.session.add(certificate)
    _note_change(product)
    return certificate


def get_variant(product: Product) -> Variant:
    """The first variant, with its newest values."""
    return db.session.scalars(
        select(Variant)
        .where(Variant.product_id == product.id)
        .order_by(Variant.position, Variant.id)
        .execution_options(populate_existing=True)
        .limit(1)
    ).one()


def free_slug(name: str) -> str:
    """A web address made of `name` that no product has yet."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or "product"
    for number in count(1):
        slug = stem if number == 1 else f"{stem}-{number}"
        if not exists(select(Product.id).where(Product.slug == slug)):
            return slug
    raise AssertionError


def find_written_by(cooperative: Cooperative, form_key: str) -> Product | None:
    """The product that the form made when it was sent before; until the commit none can be made."""
    lock(Cooperative, cooperative.id)
    return db.session.scalar(
        select(Product).where(
            Product.form_key == form_key, Product.cooperative_id == cooperative.id
        )
    )


def _write_texts(product: Product, texts: Mapping[str, Text | tuple[str, str, TextStatus]]) -> None:
    for locale, (name, story, status) in texts.items():
        db.session.merge(
            ProductText(product_id=product.id, locale=locale, name=name, story=story, status=status)
        )
    db.session.flush()


def _note_change(product: Product) -> None:
    """Bring index and version up to date with what everyone can see; a draft is seen by nobody."""
    db.session.flush()
    if product.state is not ProductState.DRAFT:
        index_products([product.id])
        raise_catalog_version()
