from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.reference.models import Province, Regency, Village
from marketplace.reinvestment.errors import ProgramMissing
from marketplace.reinvestment.models import (
    Allocation,
    Disbursement,
    Program,
    ProgramState,
    ProgramTheme,
)
from marketplace.reinvestment.policies import FUNDED


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """A program in a list, with its village and its money."""

    id: int
    number: str
    slug: str
    title: str
    title_ko: str
    title_en: str
    theme: ProgramTheme
    state: ProgramState
    asked: Money
    allocated: Money
    paid: Money
    proposed_at: datetime
    approved_at: datetime | None
    proposed_by: int
    village: str
    regency: str
    province_letters: str
    province_id: str
    province_ko: str
    province_en: str
    motif: str | None
    dye: int | None

    def name(self, lang: str) -> str:
        return {"ko": self.title_ko, "en": self.title_en}.get(lang) or self.title

    def province(self, lang: str) -> str:
        return {"ko": self.province_ko, "id": self.province_id}.get(lang, self.province_en)


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """What the cloth, the map and the flow count of a program."""

    id: int
    number: str
    theme: ProgramTheme
    state: ProgramState
    approved_at: datetime | None
    province_letters: str

    @property
    def is_funded(self) -> bool:
        return self.state in FUNDED


_allocated = (
    select(func.coalesce(func.sum(Allocation.minor), 0))
    .where(Allocation.program_id == Program.id)
    .correlate(Program)
    .scalar_subquery()
)
_paid = (
    select(func.coalesce(func.sum(Disbursement.minor), 0))
    .where(Disbursement.program_id == Program.id, Disbursement.released_by.is_not(None))
    .correlate(Program)
    .scalar_subquery()
)


def get_program(number: str) -> Program:
    """By its number, in any state. Raises ProgramMissing."""
    program = db.session.scalar(select(Program).where(Program.number == number))
    if program is None:
        raise ProgramMissing
    return program


def get_public_program(slug: str) -> Program:
    """By its address; rejected proposals are not shown. Raises ProgramMissing."""
    program = db.session.scalar(
        select(Program).where(Program.slug == slug, Program.state != ProgramState.REJECTED)
    )
    if program is None:
        raise ProgramMissing
    return program


def list_programs(
    *,
    states: Collection[ProgramState] = (),
    theme: ProgramTheme | None = None,
    province: str = "",
    text: str = "",
    number: int = 1,
    size: int = 24,
) -> tuple[list[ProgramRow], int]:
    """A page of programs, newest first, and how many there are; one query.

    `province` is two letters; `text` is looked for in titles, numbers and places.
    """
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(Program.state.in_(states))
    if theme is not None:
        conditions.append(Program.theme == theme)
    if province:
        conditions.append(Province.letters == province.upper())
    conditions += [_speaks_of(word) for word in text.split()[:6]]
    return _page(_rows().where(*conditions), number=number, size=size)


def list_programs_of_village(village_code: str | None, cooperative_id: int) -> list[ProgramRow]:
    """Funded programs in a cooperative's village, or made for the cooperative; newest first."""
    place = Program.cooperative_id == cooperative_id
    if village_code is not None:
        place = or_(place, Program.village_code == village_code)
    return _page(_rows().where(Program.state.in_(FUNDED), place), number=1, size=12)[0]


def count_by_state() -> dict[ProgramState, int]:
    rows = db.session.execute(select(Program.state, func.count()).group_by(Program.state)).all()
    found = {state: count for state, count in rows}
    return {state: found.get(state, 0) for state in ProgramState}


def list_facts() -> list[ProgramFacts]:
    """Every program that is not rejected; one query."""
    rows = db.session.execute(
        select(
            Program.id,
            Program.number,
            Program.theme,
            Program.state,
            Program.approved_at,
            Province.letters.label("province_letters"),
        )
        .join(Regency, Regency.code == Program.regency_code)
        .join(Province, Province.code == Regency.province_code)
        .where(Program.state != ProgramState.REJECTED)
        .order_by(Program.approved_at, Program.id)
    )
    return [ProgramFacts(**row._mapping) for row in rows]


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Program.id,
            Program.number,
            Program.slug,
            Program.title,
            Program.title_ko,
            Program.title_en,
            Program.theme,
            Program.state,
            Program.asked_minor,
            _allocated.label("allocated_minor"),
            _paid.label("paid_minor"),
            Program.proposed_at,
            Program.approved_at,
            Program.proposed_by,
            Village.name.label("village"),
            Regency.name.label("regency"),
            Province.letters.label("province_letters"),
            Province.name_id.label("province_id"),
            Province.name_ko.label("province_ko"),
            Province.name_en.label("province_en"),
            Cooperative.motif,
            Cooperative.dye,
            func.count().over().label("in_all"),
        )
        .join(Village, Village.code == Program.village_code)
        .join(Regency, Regency.code == Program.regency_code)
        .join(Province, Province.code == Regency.province_code)
        .outerjoin(Cooperative, Cooperative.id == Program.cooperative_id)
    )


def _page(
    statement: Select[*tuple[Any, ...]], *, number: int, size: int
) -> tuple[list[ProgramRow], int]:
    rows = db.session.execute(
        statement.order_by(
            func.coalesce(Program.approved_at, Program.proposed_at).desc(), Program.id.desc()
        )
        .limit(size)
        .offset((number - 1) * size)
    ).all()
    return [_row(**row._mapping) for row in rows], rows[0].in_all if rows else 0


def _row(
    *, asked_minor: int, allocated_minor: int, paid_minor: int, in_all: int, **facts: Any
) -> ProgramRow:
    return ProgramRow(
        asked=won(asked_minor),
        allocated=won(int(allocated_minor)),
        paid=won(int(paid_minor)),
        **facts,
    )


def _speaks_of(word: str) -> ColumnElement[bool]:
    columns: Sequence[Any] = (
        Program.number,
        Program.title,
        Program.title_ko,
        Program.title_en,
        Village.name,
        Regency.name,
        Province.name_id,
    )
    return or_(*(column.icontains(word, autoescape=True) for column in columns))
