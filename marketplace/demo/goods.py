"""The 198 OVOP products, each with a cooperative in its own regency.

Names, places and HS codes come from `data/ovop_products.csv` with their source; prices, weights,
stock, members and stories are made up and marked as demo.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from sqlalchemy import select

from marketplace.catalog.models import CertificateKind, Product, TextStatus
from marketplace.catalog.operations import Text, certify_product, create_product, publish_product
from marketplace.cooperatives.models import Cooperative, CooperativeState
from marketplace.cooperatives.operations import create_cooperative
from marketplace.demo.people import COOPERATIVE
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah
from marketplace.reference.models import Regency

DATA = Path(__file__).parent / "data"
FOOD = {"coffee", "snack", "spice", "sugar", "staple", "fruit", "honey", "condiment", "beverage"}
FOOD |= {"tea", "cocoa", "salt", "nut", "oil", "seafood"}
UNCHECKED = {"common", "gi-unseen", "gi-unverified", "gi-proposed"}
# The pilot cooperatives of 2015 and what they sell (facts of the ministry's report).
PILOTS = {
    "Gula Semut KSU Jatirogo": "KSU Jatirogo",
    "Tenun Songket Kopwan Stagen": "Kopwan Stagen",
    "Anyaman Ketak Kopwan Harapan Bersatu": "Kopwan Harapan Bersatu",
    "Kopi Arabika Bali Sumber Mertha Buana": "Koperasi Sumber Mertha Buana",
    "Emping Melinjo Subur Makmur": "Koperasi Subur Makmur",
    "Anyaman Bambu KUD Mandiri Cikondang": "KUD Mandiri Cikondang",
    "Gula Semut Kopwan Srikandi": "Kopwan Srikandi",
}
NAMES: tuple[str, ...] = (
    "Sumber Rejeki",
    "Maju Bersama",
    "Karya Mandiri",
    "Tunas Harapan",
    "Bina Usaha",
)
NAMES += ("Sari Bumi", "Mekar Jaya", "Gotong Royong", "Lestari", "Cahaya Desa")


@dataclass(frozen=True)
class Category:
    """What the demo makes up for goods of one kind; prices in thousand rupiah, USD in cents."""

    name: str
    motif: str
    dye: int
    price: tuple[int, int]
    grams: tuple[int, int]
    unit: str
    usd: tuple[int, int]
    moq: int
    story: dict[str, str]


def read_categories() -> dict[str, Category]:
    with (DATA / "categories.csv").open(encoding="utf-8") as file:
        return {
            row["category"]: Category(
                name=row["category"],
                motif=row["motif"],
                dye=int(row["dye"]),
                price=(int(row["price_low"]), int(row["price_high"])),
                grams=(int(row["grams_low"]), int(row["grams_high"])),
                unit=row["unit"],
                usd=(int(row["usd_low"]), int(row["usd_high"])),
                moq=int(row["moq"]),
                story={lang: row[f"story_{lang}"] for lang in ("ko", "id", "en")},
            )
            for row in csv.DictReader(file)
        }


def read_products() -> list[dict[str, str]]:
    with (DATA / "ovop_products.csv").open(encoding="utf-8") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["regency_code"])


def load_goods(at: datetime) -> None:
    """Write cooperatives and products that are not there yet; `at` is the demo's first day."""
    categories = read_categories()
    known = set(db.session.scalars(select(Product.source_note)))
    for regency_code, rows in groupby(read_products(), key=lambda row: row["regency_code"]):
        products = list(rows)
        for index, (name, group) in enumerate(_cooperatives(regency_code, products)):
            cooperative = _cooperative(name, regency_code, categories[group[0]["category"]], at)
            for row in group:
                if _note(row) not in known:
                    _product(cooperative, row, categories[row["category"]], at, offset=index)


def _cooperatives(
    regency_code: str, rows: list[dict[str, str]]
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Pilots keep their own cooperative; the other goods of a regency share one."""
    for row in rows:
        if row["name_id"] in PILOTS:
            yield PILOTS[row["name_id"]], [row]
    others = [row for row in rows if row["name_id"] not in PILOTS]
    if others:
        dice = random.Random(regency_code)  # noqa: S311 – the same demo every time
        regency = db.session.get_one(Regency, regency_code)
        place = regency.name.removeprefix("Kabupaten ").removeprefix("Kota ")
        yield f"Koperasi {dice.choice(NAMES)} {place}", others


def _cooperative(name: str, regency_code: str, category: Category, at: datetime) -> Cooperative:
    found = db.session.scalar(select(Cooperative).where(Cooperative.name == name))
    if found is not None:
        return found
    dice = random.Random(name)  # noqa: S311
    members = dice.randint(24, 180)
    return create_cooperative(
        slug_of(name),
        name,
        kind="Kopwan" if name.startswith("Kopwan") else "Koperasi produsen",
        regency_code=regency_code,
        members=members,
        women=members
        if name.startswith("Kopwan")
        else dice.randint(members // 4, members * 3 // 4),
        founded_year=dice.randint(1988, 2021),
        story_ko=category.story["ko"],
        story_id=category.story["id"],
        story_en=category.story["en"],
        motif=category.motif,
        dye=category.dye,
        state=CooperativeState.OPEN,
        is_demo=True,
        source_note="pilot of 2015" if name in PILOTS.values() else "made up for the demo",
        at=at,
    )


def _product(
    cooperative: Cooperative,
    row: dict[str, str],
    category: Category,
    at: datetime,
    *,
    offset: int,
) -> None:
    dice = random.Random(row["name_id"])  # noqa: S311
    published = at + timedelta(days=dice.randint(0, 300), minutes=offset)
    stock = dice.randint(40, 400)
    if cooperative.name == COOPERATIVE:
        published, stock = at, 900
    product = create_product(
        cooperative,
        category=row["category"],
        hs6=row["hs6"],
        texts=_texts(row, category, dice),
        price=rupiah(round(dice.uniform(*category.price)) * 1000),
        weight_grams=dice.randrange(category.grams[0], category.grams[1] + 1, 10),
        stock=stock,
        at=at,
        by=None,
        is_demo=True,
        source_note=_note(row),
    )
    if row["source_type"] == "gi":
        certify_product(
            product,
            kind=CertificateKind.GI,
            number="",
            issuer="DJKI",
            source_note=row["source"],
        )
    if row["category"] in FOOD and dice.random() < 0.7:
        certify_product(
            product,
            kind=CertificateKind.HALAL,
            number=f"ID{dice.randrange(10**13, 10**14)}",
            issuer="BPJPH",
            valid_until=(at + timedelta(days=dice.randint(500, 1400))).date(),
            source_note="made up for the demo",
        )
    publish_product(product, at=published)


def _texts(row: dict[str, str], category: Category, dice: random.Random) -> dict[str, Text]:
    """Every sixth maker wrote only Indonesian, as real ones do."""
    texts = {"id": Text(row["name_id"], category.story["id"], TextStatus.ORIGINAL)}
    if dice.random() > 1 / 6:
        for lang in ("ko", "en"):
            texts[lang] = Text(row[f"name_{lang}"], category.story[lang], TextStatus.TRANSLATED)
    return texts


def slug_of(name: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))


def _note(row: dict[str, str]) -> str:
    state = "unchecked" if row["source_type"] in UNCHECKED else "seen"
    return f"{row['name_id']}: {row['source_type']}, {state}; {row['source']}"
