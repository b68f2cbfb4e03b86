"""Things of the trade for tests. Each function makes one thing, flushed, with sane defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from marketplace.accounts.models import Organization, OrganizationKind, Role, RoleGrant, User
from marketplace.kernel.db import db

NOON = datetime(2026, 4, 18, 3, 0, tzinfo=UTC)

_numbers = count(1)


def saved(row):
    db.session.add(row)
    db.session.flush()
    return row


def a_user(name: str = "Kim Jisu", *, roles: tuple[Role, ...] = (), locale: str = "ko") -> User:
    number = next(_numbers)
    return saved(
        User(
            email=f"user{number}@example.com",
            name=name,
            password_hash="!",
            locale=locale,
            created_at=NOON,
            roles=[RoleGrant(role=role, granted_at=NOON) for role in roles],
        )
    )


def an_organization(kind: OrganizationKind = OrganizationKind.KOTRA) -> Organization:
    number = next(_numbers)
    return saved(
        Organization(
            slug=f"organization-{number}",
            name=f"Organization {number}",
            name_ko=f"기관 {number}",
            kind=kind,
            country="KR",
            created_at=NOON,
        )
    )
