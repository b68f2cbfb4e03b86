"""What the index knows of one product, and the tables that hold it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import BigInteger, Integer, String, column, table

from marketplace.kernel.db import db

BANDS_PER_DOUBLING = 2
OTHER_CURRENCY = "price:other"
KEPT_TRAITS = 16_384

SEARCH = table(
    "product_search",
    column("product_id", Integer),
    column("traits", String),
    column("price_minor", BigInteger),
    column("published_at", BigInteger),
    column("title", String),
)
TERMS = table("product_search_terms", column("rowid", Integer))
SPELLING = table(
    "product_search_spelling",
    column("part", String),
    column("letters", Integer),
    column("word", String),
)


class Traits(NamedTuple):
    """What goods have in common with others: few kinds of them, so that they are counted whole."""

    category: str
    province: str
    island: str
    certificates: tuple[str, ...]
    currency: str
    is_available: bool

    def pack(self) -> str:
        return "|".join(
            (
                self.category,
                self.province,
                self.island,
                ",".join(self.certificates),
                self.currency,
                "1" if self.is_available else "0",
            )
        )

    @classmethod
    @lru_cache(maxsize=KEPT_TRAITS)
    def unpack(cls, packed: str) -> Traits:
        category, province, island, certificates, currency, available = packed.split("|")
        return cls(
            category,
            province,
            island,
            tuple(certificates.split(",")) if certificates else (),
            currency,
            available == "1",
        )


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def price_band(price_minor: int) -> int:
    return int(math.log2(price_minor) * BANDS_PER_DOUBLING)
