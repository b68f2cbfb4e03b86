from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.crypto import EncryptedText
from marketplace.kernel.db import Model


class Role(StrEnum):
    """What staff may do. Cooperatives and organizations give rights by membership instead."""

    ADMIN = "admin"
    AUDITOR = "auditor"


class OrganizationKind(StrEnum):
    KOTRA = "kotra"
    IMPORTER = "importer"
    SPONSOR = "sponsor"
    MINISTRY = "ministry"


class User(Model):
    """A person. Mail addresses are kept in lower case."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(default="ko")
    is_enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    roles: Mapped[list[RoleGrant]] = relationship(lazy="selectin", foreign_keys="RoleGrant.user_id")
    organizations: Mapped[list[OrganizationMembership]] = relationship(lazy="selectin")

    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        return self.is_enabled

    def get_id(self) -> str:
        return str(self.id)

    def has_role(self, *roles: Role) -> bool:
        return any(grant.role in roles for grant in self.roles)


class RoleGrant(Model):
    """A staff role, and who gave it."""

    __tablename__ = "role_grants"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)
    granted_at: Mapped[datetime]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Organization(Model):
    """A company or office that acts here: KOTRA, an importer, a sponsor, a ministry."""

    __tablename__ = "organizations"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_ko: Mapped[str]
    kind: Mapped[OrganizationKind]
    country: Mapped[str]
    registration_number: Mapped[str | None]
    created_at: Mapped[datetime]


class OrganizationMembership(Model):
    __tablename__ = "organization_memberships"
    __table_args__ = (UniqueConstraint("user_id", "organization_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    joined_at: Mapped[datetime]
    organization: Mapped[Organization] = relationship(lazy="joined")


class Authenticator(Model):
    """An app on a person's phone whose codes stand for the person's hand.

    It counts once a code `confirmed` it. `last_step` is the half minute of the last code that was
    used, so that none is used twice; `misses` are wrong codes in a row, the last `missed_at`.
    """

    __tablename__ = "authenticators"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(EncryptedText)
    added_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    misses: Mapped[int] = mapped_column(default=0)
    missed_at: Mapped[datetime | None]


class SecurityEvent(Model):
    """Append-only: sign-ins, refusals, changes of rights."""

    __tablename__ = "security_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[str]
    address: Mapped[str | None]
    at: Mapped[datetime]
