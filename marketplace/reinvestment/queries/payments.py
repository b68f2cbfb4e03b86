from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import Money, won
from marketplace.reference.models import Province, Regency, Village
from marketplace.reinvestment.models import Disbursement, Program

WAITING = (Disbursement.released_by.is_(None), Disbursement.canceled_by.is_(None))


@dataclass(frozen=True, slots=True)
class Payment:
    """A disbursement with its program and village, for lists."""

    number: str
    amount: Money
    purpose: str
    proposed_by: int
    proposed_at: datetime
    released_at: datetime | None
    settled_on: date | None
    entry_id: int | None
    program_number: str
    slug: str
    title: str
    title_ko: str
    title_en: str
    village: str
    regency: str
    province_id: str
    province_ko: str
    province_en: str

    def name(self, lang: str) -> str:
        return {"ko": self.title_ko, "en": self.title_en}.get(lang) or self.title

    def province(self, lang: str) -> str:
        return {"ko": self.province_ko, "id": self.province_id}.get(lang, self.province_en)


def get_disbursement(program: Program, number: str) -> Disbursement:
    """A program's own disbursement; another's does not exist."""
    found = db.session.scalar(
        select(Disbursement).where(
            Disbursement.number == number, Disbursement.program_id == program.id
        )
    )
    if found is None:
        raise NotFound
    return found


def find_settled(entry_id: int) -> Disbursement | None:
    """The disbursement whose bank line this entry notes."""
    return db.session.scalar(
        select(Disbursement).where(Disbursement.settlement_entry_id == entry_id)
    )


def find_payment_of(entry_id: int) -> tuple[Disbursement, Program] | None:
    """The payment that this entry sent, or whose bank line it notes, with its program."""
    row = db.session.execute(
        select(Disbursement, Program)
        .join(Program, Program.id == Disbursement.program_id)
        .where(or_(Disbursement.entry_id == entry_id, Disbursement.settlement_entry_id == entry_id))
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def list_disbursements(program: Program) -> Sequence[Disbursement]:
    return db.session.scalars(
        select(Disbursement).where(Disbursement.program_id == program.id).order_by(Disbursement.id)
    ).all()


def waiting_of(program_id: int) -> Money:
    """What is proposed to be paid to a program and waits for a second person."""
    minor = db.session.scalar(
        select(func.coalesce(func.sum(Disbursement.minor), 0)).where(
            Disbursement.program_id == program_id, *WAITING
        )
    )
    return won(int(minor or 0))


def list_payments(limit: int = 8) -> list[Payment]:
    """The latest released payments; one query."""
    return _payments(
        _rows()
        .where(Disbursement.released_by.is_not(None))
        .order_by(Disbursement.released_at.desc(), Disbursement.id.desc())
        .limit(limit)
    )


def list_waiting_disbursements(limit: int = 20) -> list[Payment]:
    """Payments that wait for a second person, oldest first."""
    return _payments(_rows().where(*WAITING).order_by(Disbursement.id).limit(limit))


def count_waiting_disbursements() -> int:
    statement = select(func.count()).select_from(Disbursement).where(*WAITING)
    return db.session.scalar(statement) or 0


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Disbursement.number,
            Disbursement.minor,
            Disbursement.purpose,
            Disbursement.proposed_by,
            Disbursement.proposed_at,
            Disbursement.released_at,
            Disbursement.settled_on,
            Disbursement.entry_id,
            Program.number.label("program_number"),
            Program.slug,
            Program.title,
            Program.title_ko,
            Program.title_en,
            Village.name.label("village"),
            Regency.name.label("regency"),
            Province.name_id.label("province_id"),
            Province.name_ko.label("province_ko"),
            Province.name_en.label("province_en"),
        )
        .join(Program, Program.id == Disbursement.program_id)
        .join(Village, Village.code == Program.village_code)
        .join(Regency, Regency.code == Program.regency_code)
        .join(Province, Province.code == Regency.province_code)
    )


def _payments(statement: Select[*tuple[Any, ...]]) -> list[Payment]:
    return [_payment(**row._mapping) for row in db.session.execute(statement)]


def _payment(*, minor: int, **facts: Any) -> Payment:
    return Payment(amount=won(minor), **facts)
