from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organization
from marketplace.kernel.db import Model
from marketplace.kernel.money import Money
from marketplace.reference.models import Regency


class ProgramState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"


class ProgramTheme(StrEnum):
    TRAINING = "training"
    TOOLS = "tools"
    QUALITY = "quality"
    PACKAGING = "packaging"
    PROMOTION = "promotion"
    YOUTH = "youth"


class Program(Model):
    """A purpose money may be spent on in one village. Amounts are in won.

    `budget` is a list of `[text, amount]`; `body_sha256` seals what the signers read. `reason` is
    what the second person wrote for the public record, whichever way it went.
    """

    __tablename__ = "programs"
    __table_args__ = (
        CheckConstraint("asked_minor > 0", name="asks_something"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint(
            "rejected_by IS NULL OR rejected_by <> proposed_by", name="four_eyes_reject"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    title_ko: Mapped[str]
    title_en: Mapped[str]
    theme: Mapped[ProgramTheme]
    cooperative_id: Mapped[int | None] = mapped_column(ForeignKey("cooperatives.id"))
    regency_code: Mapped[str] = mapped_column(ForeignKey("regencies.code"), index=True)
    village_code: Mapped[str] = mapped_column(ForeignKey("villages.code"))
    problem: Mapped[str]
    plan: Mapped[str]
    budget: Mapped[list[Any]]
    asked_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[ProgramState] = mapped_column(default=ProgramState.PROPOSED, index=True)
    form_key: Mapped[str | None] = mapped_column(unique=True)
    body_sha256: Mapped[str]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None]
    rejected_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    rejected_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    finished_on: Mapped[date | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    regency: Mapped[Regency] = relationship(lazy="joined", innerjoin=True)

    @property
    def asked(self) -> Money:
        return Money(self.asked_minor, "KRW")

    def name(self, lang: str) -> str:
        return {"ko": self.title_ko, "en": self.title_en}.get(lang) or self.title


class Allocation(Model):
    """Money of one fund set aside for a program by its approval; negative when it goes back.

    `fund` is the path of the fund's ledger account.
    """

    __tablename__ = "allocations"
    __table_args__ = (CheckConstraint("minor <> 0", name="not_zero"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"), index=True)
    fund: Mapped[str]
    minor: Mapped[int] = mapped_column(BigInteger)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]


class LotUse(Model):
    """Which lot an allocation spent: first in, first out, to the won; negative when it goes back.

    A lot is the posting that credited the fund: a sale's share, a pledge's money.
    """

    __tablename__ = "lot_uses"
    __table_args__ = (CheckConstraint("amount <> 0", name="not_zero"),)

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lot_entry_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True
    )
    lot_line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount: Mapped[int] = mapped_column(BigInteger)


class Disbursement(Model):
    """Money paid to a program's village: proposed by one person, released by another.

    Released, it is on its way; settled, `settled_by` has seen it on the bank statement, as
    `bank_reference`.
    """

    __tablename__ = "disbursements"
    __table_args__ = (
        CheckConstraint("minor > 0", name="positive"),
        CheckConstraint("released_by IS NULL OR released_by <> proposed_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"), index=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str]
    form_key: Mapped[str | None] = mapped_column(unique=True)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    released_at: Mapped[datetime | None]
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    canceled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    canceled_at: Mapped[datetime | None]
    settled_on: Mapped[date | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    bank_reference: Mapped[str | None]
    settlement_entry_id: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def amount(self) -> Money:
        return Money(self.minor, "KRW")

    @property
    def is_waiting(self) -> bool:
        """Proposed, and neither released nor canceled."""
        return self.released_by is None and self.canceled_by is None


class Evidence(Model):
    """What shows that a payment did what it was for: words, and a photo where there is one.

    Everybody may read it. Taken back, the words stay for the staff and the photo's files are gone.
    """

    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("note <> ''", name="says_something"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    disbursement_id: Mapped[int] = mapped_column(ForeignKey("disbursements.id"), index=True)
    note: Mapped[str]
    photo_key: Mapped[str | None]
    form_key: Mapped[str | None] = mapped_column(unique=True)
    added_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None]


class Pledge(Model):
    """A sponsor's promise in won; money counts when received.

    It is for programs of `theme` in the province, where these are given.
    """

    __tablename__ = "pledges"
    __table_args__ = (CheckConstraint("minor > 0", name="positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), index=True)
    purpose: Mapped[str]
    theme: Mapped[ProgramTheme | None]
    province_code: Mapped[str | None] = mapped_column(ForeignKey("provinces.code"))
    minor: Mapped[int] = mapped_column(BigInteger)
    pledged_on: Mapped[date]
    form_key: Mapped[str | None] = mapped_column(unique=True)
    is_demo: Mapped[bool] = mapped_column(default=False)
    organization: Mapped[Organization] = relationship(lazy="joined", innerjoin=True)

    @property
    def amount(self) -> Money:
        return Money(self.minor, "KRW")
