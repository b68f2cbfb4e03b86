"""What the home page tells of the cooperatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ScalarSelect, func, select

from marketplace.catalog.models import Product, ProductState
from marketplace.catalog.queries.cards import is_published
from marketplace.cooperatives.models import Cooperative, CooperativeState
from marketplace.kernel.db import db
from marketplace.reference.models import Province, Regency

NEWEST_GOODS = 60


@dataclass(frozen=True, slots=True)
class HomeCooperative:
    slug: str
    name: str
    motif: str
    dye: int
    place: str
    story: str
    members: int
    product_count: int


def count_cooperatives() -> tuple[int, int]:
    """Open cooperatives, and the provinces they are in."""
    row = db.session.execute(
        select(func.count(), func.count(Regency.province_code.distinct()))
        .select_from(Cooperative)
        .join(Regency, Regency.code == Cooperative.regency_code)
        .where(Cooperative.state == CooperativeState.OPEN)
    ).one()
    return row[0], row[1]


def list_home_cooperatives(lang: str, *, limit: int) -> Sequence[HomeCooperative]:
    """Open cooperatives with goods, the most lately active first."""
    ids = _lately_active(limit)
    province = {"ko": Province.name_ko, "id": Province.name_id}.get(lang, Province.name_en)
    story = {"ko": Cooperative.story_ko, "id": Cooperative.story_id}.get(lang, Cooperative.story_en)
    rows = db.session.execute(
        select(
            Cooperative.id,
            Cooperative.slug,
            Cooperative.name,
            Cooperative.motif,
            Cooperative.dye,
            province.label("province"),
            Regency.name.label("regency"),
            story.label("story"),
            Cooperative.members,
            _goods_of_it().label("product_count"),
        )
        .join(Regency, Regency.code == Cooperative.regency_code)
        .join(Province, Province.code == Regency.province_code)
        .where(Cooperative.id.in_(ids), Cooperative.state == CooperativeState.OPEN)
    ).all()
    return [
        HomeCooperative(
            slug=row.slug,
            name=row.name,
            motif=row.motif,
            dye=row.dye,
            place=f"{row.regency}, {row.province}",
            story=row.story,
            members=row.members,
            product_count=row.product_count,
        )
        for row in sorted(rows, key=lambda row: ids.index(row.id))
    ]


def _lately_active(limit: int) -> list[int]:
    """From the newest goods only, so that the page costs the same however many there are."""
    newest = db.session.scalars(
        select(Product.cooperative_id)
        .where(Product.state == ProductState.PUBLISHED)
        .order_by(Product.published_at.desc(), Product.id.desc())
        .limit(NEWEST_GOODS)
    )
    return list(dict.fromkeys(newest))[:limit]


def _goods_of_it() -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(Product.cooperative_id == Cooperative.id, is_published())
        .correlate(Cooperative)
        .scalar_subquery()
    )
