from __future__ import annotations

from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.accounts.errors import EmailTaken, SignInRefused
from marketplace.accounts.models import (
    Organization,
    OrganizationKind,
    OrganizationMembership,
    Role,
    RoleGrant,
    SecurityEvent,
    User,
)
from marketplace.accounts.policies import check_password, normalize_email
from marketplace.accounts.queries import find_user_by_email
from marketplace.kernel.db import db

# Parameters of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

NO_PASSWORD = "!"  # noqa: S105 – the mark of an account nobody can sign in to


def create_user(email: str, name: str, password: str | None, *, locale: str, at: datetime) -> User:
    """Open an account. Without a password nobody can sign in to it.

    Raises EmailInvalid, PasswordTooShort, EmailTaken.
    """
    email = normalize_email(email)
    if password is not None:
        check_password(password)
    if find_user_by_email(email) is not None:
        raise EmailTaken
    user = User(
        email=email,
        name=name.strip(),
        password_hash=NO_PASSWORD if password is None else _hasher.hash(password),
        locale=locale,
        created_at=at,
        roles=[],
        organizations=[],
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:
        # Two requests at once: the other one was first.
        raise EmailTaken from None
    return user


def authenticate(email: str, password: str) -> User:
    """Return whose address and password these are. Reads only: call it outside a transaction.

    Raises SignInRefused, after the same work for an unknown address as for a wrong password.
    """
    user = find_user_by_email(email)
    stored = user.password_hash if user and user.is_enabled else NO_PASSWORD
    try:
        _hasher.verify(_decoy() if stored == NO_PASSWORD else stored, password)
    except (VerificationError, InvalidHashError):
        raise SignInRefused from None
    if user is None or stored == NO_PASSWORD:
        raise SignInRefused
    return user


@cache
def _decoy() -> str:
    return _hasher.hash("nobody has this password")


def grant_role(user: User, role: Role, *, by: int | None, at: datetime) -> None:
    """Give `user` a staff role; repeating it changes nothing. `by` is None for the command line."""
    if user.has_role(role):
        return
    user.roles.append(RoleGrant(user_id=user.id, role=role, granted_at=at, granted_by=by))
    note_event(f"role-granted:{role}", user_id=user.id, at=at)
    db.session.flush()


def create_organization(
    slug: str,
    name: str,
    *,
    name_ko: str,
    kind: OrganizationKind,
    country: str,
    at: datetime,
    registration_number: str | None = None,
) -> Organization:
    organization = Organization(
        slug=slug,
        name=name,
        name_ko=name_ko,
        kind=kind,
        country=country,
        registration_number=registration_number,
        created_at=at,
    )
    db.session.add(organization)
    db.session.flush()
    return organization


def join_organization(
    user: User, organization: Organization, *, at: datetime
) -> OrganizationMembership:
    """Make `user` a member of `organization`, once."""
    membership = db.session.scalar(
        select(OrganizationMembership).where(
            OrganizationMembership.user_id == user.id,
            OrganizationMembership.organization_id == organization.id,
        )
    )
    if membership is None:
        membership = OrganizationMembership(
            user_id=user.id, organization=organization, joined_at=at
        )
        user.organizations.append(membership)
        db.session.flush()
    return membership


def note_event(
    kind: str, *, at: datetime, user_id: int | None = None, address: str | None = None
) -> None:
    """Append to the security log. `address` is the network address, never the mail address."""
    db.session.add(SecurityEvent(kind=kind, user_id=user_id, address=address, at=at))
    db.session.flush()
