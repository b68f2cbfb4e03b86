"""Goods for the tests of this room."""

from itertools import count

from marketplace.catalog.models import Product, TextStatus, Variant
from marketplace.catalog.operations import create_product, publish_product
from marketplace.cooperatives.models import Cooperative, CooperativeState
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, rupiah
from marketplace.reference.models import HsCode, Province, Regency
from tests.factories import NOON, saved

_numbers = count(1)

PRICE = rupiah(185_000)
ORIGINAL, TRANSLATED = TextStatus.ORIGINAL, TextStatus.TRANSLATED


def a_regency(code: str = "11.04", name: str = "Aceh Tengah", province: str = "Aceh") -> Regency:
    found = db.session.get(Regency, code)
    if found:
        return found
    number = code[:2]
    if db.session.get(Province, number) is None:
        saved(
            Province(
                code=number,
                letters=f"A{number[-1]}",
                name_id=province,
                name_en=province,
                name_ko={"Aceh": "아체", "Jawa Tengah": "중부자바"}.get(province, province),
                iso=f"ID-{number}",
                island_group="Sumatra",
                timezone="Asia/Jakarta",
                population=5_000_000,
            )
        )
    return saved(Regency(code=code, province_code=number, kind="kabupaten", name=name))


def a_coop(slug: str = "", name: str = "Tani Gayo", regency: Regency | None = None) -> Cooperative:
    number = next(_numbers)
    return saved(
        Cooperative(
            slug=slug or f"coop-{number}",
            name=name,
            kind="primer",
            regency_code=(regency or a_regency()).code,
            founded_year=2009,
            members=64,
            women=31,
            story_id="Petani kopi.",
            story_ko="커피 농부.",
            story_en="Coffee farmers.",
            motif="coffee",
            dye=4,
            state=CooperativeState.OPEN,
            created_at=NOON,
        )
    )


def an_hs_code(code: str = "090121") -> str:
    if db.session.get(HsCode, code) is None:
        saved(
            HsCode(
                code=code,
                level=6,
                parent=code[:4],
                section="II",
                description_en="Coffee; roasted, not decaffeinated",
                description_id="Kopi digongseng",
            )
        )
    return code


def a_product(
    coop: Cooperative | None = None,
    *,
    name: str = "Kopi Arabika Gayo",
    story: str = "Dipetik tangan.",
    more: dict | None = None,
    category: str = "coffee",
    hs6: str = "090121",
    price: Money = PRICE,
    weight_grams: int = 250,
    stock: int = 10,
    published: bool = True,
) -> Product:
    product = create_product(
        coop or a_coop(),
        category=category,
        hs6=an_hs_code(hs6),
        texts={"id": (name, story, ORIGINAL), **(more or {})},
        price=price,
        weight_grams=weight_grams,
        stock=stock,
        at=NOON,
        by=None,
    )
    if published:
        publish_product(product, NOON)
    return product


def variant_of(product: Product) -> Variant:
    return db.session.query(Variant).filter_by(product_id=product.id).one()
