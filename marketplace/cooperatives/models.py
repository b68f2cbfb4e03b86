from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.crypto import EncryptedText
from marketplace.kernel.db import Model
from marketplace.reference.models import Regency


class CooperativeState(StrEnum):
    PENDING = "pending"
    OPEN = "open"
    SUSPENDED = "suspended"


class MemberRole(StrEnum):
    CHAIR = "chair"
    TREASURER = "treasurer"
    SELLER = "seller"


class Cooperative(Model):
    """The selling organization, our tenant. `source_note` says where a demo row comes from."""

    __tablename__ = "cooperatives"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    regency_code: Mapped[str] = mapped_column(ForeignKey("regencies.code"), index=True)
    village_code: Mapped[str | None] = mapped_column(ForeignKey("villages.code"))
    founded_year: Mapped[int | None]
    members: Mapped[int]
    women: Mapped[int]
    story_id: Mapped[str]
    story_ko: Mapped[str]
    story_en: Mapped[str]
    motif: Mapped[str]
    dye: Mapped[int]
    phone: Mapped[str | None]
    state: Mapped[CooperativeState] = mapped_column(default=CooperativeState.PENDING)
    is_demo: Mapped[bool] = mapped_column(default=False)
    source_note: Mapped[str | None]
    created_at: Mapped[datetime]
    regency: Mapped[Regency] = relationship(lazy="joined", innerjoin=True)

    def story(self, lang: str) -> str:
        return {"ko": self.story_ko, "id": self.story_id}.get(lang, self.story_en)


class Membership(Model):
    """A person working for a cooperative."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "cooperative_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), index=True)
    role: Mapped[MemberRole]
    joined_at: Mapped[datetime]
    cooperative: Mapped[Cooperative] = relationship(lazy="joined", innerjoin=True)


class CoopBankAccount(Model):
    """Where a cooperative is paid; number and holder are secret at rest.

    Nothing is paid to it before somebody else has typed the same number from the bank's paper.
    """

    __tablename__ = "coop_bank_accounts"
    __table_args__ = (
        CheckConstraint("verified_by IS NULL OR verified_by <> entered_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), unique=True)
    bank_code: Mapped[str]
    number: Mapped[str] = mapped_column(EncryptedText)
    holder: Mapped[str] = mapped_column(EncryptedText)
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    verified_at: Mapped[datetime | None]
