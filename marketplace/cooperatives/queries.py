from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, or_, select

from marketplace.cooperatives.models import (
    CoopBankAccount,
    Cooperative,
    CooperativeState,
    Membership,
)
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.reference.models import District, Province, Regency, Village

_MEMBERSHIPS = (
    select(Membership).where(Membership.user_id == bindparam("user_id")).order_by(Membership.id)
)


def find_cooperative(slug: str) -> Cooperative | None:
    """A cooperative in any state."""
    return db.session.scalar(select(Cooperative).where(Cooperative.slug == slug))


def get_cooperative(slug: str) -> Cooperative:
    """An open cooperative, as the public may see it. Raises NotFound."""
    cooperative = find_cooperative(slug)
    if cooperative is None or cooperative.state is not CooperativeState.OPEN:
        raise NotFound
    return cooperative


def names_by_slug() -> dict[str, str]:
    """Names of all cooperatives, for pages that name many of them."""
    rows = db.session.execute(select(Cooperative.slug, Cooperative.name))
    return {slug: name for slug, name in rows}


def list_cooperatives(
    *, text: str = "", province: str = "", number: int = 1, size: int = 24
) -> tuple[Sequence[Cooperative], int]:
    """One page of the open cooperatives by name, and how many there are in all.

    `text` is looked for in names and places; `province` is the two letters (`JB`).
    """
    statement = (
        select(Cooperative, func.count().over().label("in_all"))
        .join(Regency, Regency.code == Cooperative.regency_code)
        .join(Province, Province.code == Regency.province_code)
        .where(Cooperative.state == CooperativeState.OPEN)
    )
    for word in text.split()[:6]:
        statement = statement.where(
            or_(
                Cooperative.name.icontains(word, autoescape=True),
                Regency.name.icontains(word, autoescape=True),
                Province.name_id.icontains(word, autoescape=True),
                Province.name_en.icontains(word, autoescape=True),
                Province.name_ko.icontains(word, autoescape=True),
            )
        )
    if province:
        statement = statement.where(Province.letters == province.upper())
    rows = db.session.execute(
        statement.order_by(Cooperative.name, Cooperative.id).limit(size).offset((number - 1) * size)
    ).all()
    return [row[0] for row in rows], rows[0].in_all if rows else 0


def list_provinces_with_cooperatives() -> Sequence[tuple[Province, int]]:
    """Provinces that have open cooperatives, and how many."""
    rows = db.session.execute(
        select(Province, func.count(Cooperative.id))
        .join(Regency, Regency.province_code == Province.code)
        .join(Cooperative, Cooperative.regency_code == Regency.code)
        .where(Cooperative.state == CooperativeState.OPEN)
        .group_by(Province.code)
        .order_by(Province.name_id)
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True)
class Place:
    """Where a cooperative is, from the village up."""

    village: str | None
    district: str | None
    regency: str
    province: Province


def place_of(cooperative: Cooperative) -> Place:
    """Village and district by name; they are None where only the regency is known."""
    row = None
    if cooperative.village_code is not None:
        row = db.session.execute(
            select(Village.name, District.name)
            .join(District, District.code == Village.district_code)
            .where(Village.code == cooperative.village_code)
        ).first()
    return Place(
        village=row[0] if row else None,
        district=row[1] if row else None,
        regency=cooperative.regency.name,
        province=cooperative.regency.province,
    )


def find_membership(user_id: int, slug: str) -> Membership | None:
    return db.session.scalar(
        select(Membership)
        .join(Cooperative, Cooperative.id == Membership.cooperative_id)
        .where(Membership.user_id == user_id, Cooperative.slug == slug)
    )


def list_memberships(user_id: int) -> Sequence[Membership]:
    """The cooperatives a person works for, oldest membership first."""
    return db.session.scalars(_MEMBERSHIPS, {"user_id": user_id}).all()


def list_members(cooperative: Cooperative) -> Sequence[Membership]:
    return db.session.scalars(
        select(Membership)
        .where(Membership.cooperative_id == cooperative.id)
        .order_by(Membership.id)
    ).all()


def find_by_id(cooperative_id: int) -> Cooperative | None:
    return db.session.get(Cooperative, cooperative_id)


def find_bank_account(cooperative: Cooperative) -> CoopBankAccount | None:
    return find_bank_accounts([cooperative.id]).get(cooperative.id)


def find_bank_accounts(cooperative_ids: Collection[int]) -> Mapping[int, CoopBankAccount]:
    """Where these cooperatives are paid, with the newest values, by cooperative; one query."""
    rows = db.session.scalars(
        select(CoopBankAccount)
        .where(CoopBankAccount.cooperative_id.in_(sorted(cooperative_ids)))
        .execution_options(populate_existing=True)
    )
    return {row.cooperative_id: row for row in rows}
