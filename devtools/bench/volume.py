"""What the search index holds of a volume of goods, without the goods themselves.

Real names, stories and places, put together anew for each number; nothing of it is a product.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from marketplace.catalog.index import Document, describe
from marketplace.demo.goods import FOOD, NAMES, read_categories, read_products, slug_of
from marketplace.kernel.money import rupiah
from marketplace.reference.operations import DATA

OPENING = datetime(2026, 1, 1, tzinfo=UTC)
LANGS = ("en", "id", "ko")


def documents(size: int) -> Iterator[Document]:
    """The same `size` documents each time, newest last."""
    dice = random.Random(size)
    goods = read_products()
    categories = read_categories()
    for number in range(1, size + 1):
        row = dice.choice(goods)
        category = categories[row["category"]]
        village, regency, province = dice.choice(_places())
        cooperative = f"Koperasi {dice.choice(NAMES)} {regency}"
        known = LANGS if dice.random() > 1 / 6 else ("id",)
        yield describe(
            SimpleNamespace(
                id=number,
                category=row["category"],
                published_at=OPENING + timedelta(minutes=number),
                price_minor=rupiah(dice.randint(*category.price) * 1000).minor,
                currency="IDR",
                available=dice.choice((0, 5, 40, 400)),
                cooperative_slug=slug_of(cooperative),
                cooperative_name=cooperative,
                regency=regency,
                province=province["iso_3166_2"].removeprefix("ID-"),
                island_group=province["island_group"],
                name_ko=province["name_ko"],
                name_id=province["name_id"],
                name_en=province["name_en"],
            ),
            [
                SimpleNamespace(name=f"{row[f'name_{lang}']} {village}", story=category.story[lang])
                for lang in known
            ],
            set(_certificates(row, dice)),
        )


def _certificates(row: dict[str, str], dice: random.Random) -> Iterator[str]:
    if row["source_type"] == "gi":
        yield "gi"
    if row["category"] in FOOD and dice.random() < 0.7:
        yield "halal"


@cache
def _places() -> list[tuple[str, str, dict[str, Any]]]:
    """Each village with its regency and province."""
    provinces = {row["code"]: row for row in _read("id_provinces.csv")}
    regencies = {row["code"]: row for row in _read("id_regencies.csv")}
    return [
        (row["name_id"], regency["name_id"], provinces[regency["province_code"]])
        for row in _read("id_villages.csv.gz")
        if (regency := regencies[row["code"][:5]])
    ]


def _read(name: str) -> list[dict[str, str]]:
    opened = gzip.open if name.endswith(".gz") else open
    with opened(DATA / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
