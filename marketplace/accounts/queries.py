from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from marketplace.accounts.errors import EmailInvalid, UserMissing
from marketplace.accounts.models import Organization, OrganizationKind, User
from marketplace.accounts.policies import normalize_email
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound

TRADING = (OrganizationKind.KOTRA, OrganizationKind.IMPORTER)

_WHOLE_USER = (
    select(User)
    .options(joinedload(User.roles), joinedload(User.organizations))
    .where(User.id == bindparam("user_id"))
)


def find_user(user_id: int) -> User | None:
    """With roles and organizations at once: every page of a signed-in reader begins with this."""
    return db.session.scalars(_WHOLE_USER, {"user_id": user_id}).unique().one_or_none()


def find_user_by_email(email: str) -> User | None:
    """Whoever has this address, however it is written; None for anything that is no address."""
    try:
        email = normalize_email(email)
    except EmailInvalid:
        return None
    return db.session.scalar(select(User).where(User.email == email))


def get_user_by_email(email: str) -> User:
    user = find_user_by_email(email)
    if user is None:
        raise UserMissing(email=email)
    return user


def find_people(user_ids: Collection[int]) -> dict[int, User]:
    """The people with these ids, with their roles and organizations."""
    if not user_ids:
        return {}
    rows = db.session.scalars(select(User).where(User.id.in_(sorted(user_ids))))
    return {user.id: user for user in rows}


def find_organization(slug: str) -> Organization | None:
    return db.session.scalar(select(Organization).where(Organization.slug == slug))


def get_organization(slug: str) -> Organization:
    organization = find_organization(slug)
    if organization is None:
        raise NotFound
    return organization


def find_trading_organization(user: User) -> Organization | None:
    """The KOTRA office or importer `user` works for, the first one joined."""
    joined = sorted(user.organizations, key=lambda membership: membership.id)
    return next((m.organization for m in joined if m.organization.kind in TRADING), None)
