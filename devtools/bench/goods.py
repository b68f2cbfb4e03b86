"""Thousands of published products for volume: the demo's goods, once per village."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import cache

from sqlalchemy import func, select

from marketplace.catalog.models import Product, TextStatus
from marketplace.catalog.operations import Text, create_product, publish_product
from marketplace.cooperatives.models import Cooperative
from marketplace.demo.goods import Category, read_categories, read_products
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import rupiah
from marketplace.kernel.time import now
from marketplace.reference.models import Village

BITE = 500


def fill(size: int) -> None:
    """Bring the catalog to `size` published products."""
    here = db.session.scalar(select(func.count(Product.id))) or 0
    while here < size:
        with transaction():
            for number in range(here, min(here + BITE, size)):
                _product(number)
        here = min(here + BITE, size)


def _product(number: int) -> None:
    dice = random.Random(number)
    row = _rows()[number % len(_rows())]
    category = _categories()[row["category"]]
    village = _villages()[number % len(_villages())]
    at = now() - timedelta(minutes=number)
    product = create_product(
        _cooperatives()[number % len(_cooperatives())],
        category=row["category"],
        hs6=row["hs6"],
        texts={
            "id": Text(f"{row['name_id']} {village}", category.story["id"], TextStatus.ORIGINAL),
            "ko": Text(f"{row['name_ko']} {village}", category.story["ko"], TextStatus.TRANSLATED),
        },
        price=rupiah(dice.randint(*category.price) * 1000),
        weight_grams=dice.randint(*category.grams),
        stock=1_000_000,
        at=at,
        by=None,
        slug=f"volume-{number}",
        is_demo=True,
        source_note="volume",
    )
    publish_product(product, at)


@cache
def _rows() -> list[dict[str, str]]:
    return read_products()


@cache
def _categories() -> dict[str, Category]:
    return read_categories()


@cache
def _villages() -> list[str]:
    return list(db.session.scalars(select(Village.name).order_by(Village.code).limit(5000)))


@cache
def _cooperatives() -> list[Cooperative]:
    return list(db.session.scalars(select(Cooperative).order_by(Cooperative.id)))
