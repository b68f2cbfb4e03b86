"""Villages to choose from, with the names above them: village names repeat."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select

from marketplace.cooperatives.models import Cooperative, CooperativeState
from marketplace.kernel.db import db
from marketplace.reference.models import District, Province, Regency, Village


@dataclass(frozen=True, slots=True)
class VillagePlace:
    """A village with everything above it."""

    code: str
    village: str
    district: str
    regency: str
    regency_code: str
    province_code: str
    province_id: str
    province_ko: str
    province_en: str

    def province(self, lang: str) -> str:
        return {"ko": self.province_ko, "id": self.province_id}.get(lang, self.province_en)


def find_place(village_code: str) -> VillagePlace | None:
    return next(iter(_places(_statement().where(Village.code == village_code))), None)


def find_places(village_codes: Collection[str]) -> dict[str, VillagePlace]:
    """The villages with these codes; one query, none for none."""
    if not village_codes:
        return {}
    rows = _places(_statement().where(Village.code.in_(sorted(village_codes))))
    return {place.code: place for place in rows}


def search_places(text: str, limit: int = 20) -> list[VillagePlace]:
    """Villages whose name begins with the first word; further words are places above it."""
    words = text.split()[:4]
    if not words or len(words[0]) < 2:
        return []
    statement = _statement().where(Village.name.istartswith(words[0], autoescape=True))
    for word in words[1:]:
        statement = statement.where(
            or_(
                *(
                    column.icontains(word, autoescape=True)
                    for column in (Village.name, District.name, Regency.name, Province.name_id)
                )
            )
        )
    return _places(statement.order_by(Village.name, Village.code).limit(limit))


def list_villages_by_district(regency_code: str) -> dict[str, list[tuple[str, str]]]:
    """Codes and names of a regency's villages, under the names of their districts."""
    rows = db.session.execute(
        select(District.name, Village.code, Village.name)
        .join(District, District.code == Village.district_code)
        .where(District.regency_code == regency_code)
        .order_by(District.name, Village.name, Village.code)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for district, code, name in rows:
        found.setdefault(district, []).append((code, name))
    return found


def list_cooperatives_in(regency_code: str) -> Sequence[Cooperative]:
    return db.session.scalars(
        select(Cooperative)
        .where(Cooperative.regency_code == regency_code, Cooperative.state == CooperativeState.OPEN)
        .order_by(Cooperative.name)
    ).all()


def _statement() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Village.code,
            Village.name.label("village"),
            District.name.label("district"),
            Regency.name.label("regency"),
            Regency.code.label("regency_code"),
            Province.code.label("province_code"),
            Province.name_id.label("province_id"),
            Province.name_ko.label("province_ko"),
            Province.name_en.label("province_en"),
        )
        .join(District, District.code == Village.district_code)
        .join(Regency, Regency.code == District.regency_code)
        .join(Province, Province.code == Regency.province_code)
    )


def _places(statement: Select[*tuple[Any, ...]]) -> list[VillagePlace]:
    return [VillagePlace(**row._mapping) for row in db.session.execute(statement)]
