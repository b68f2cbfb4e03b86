from __future__ import annotations

import pytest
from sqlalchemy import func, select

from marketplace.accounts.errors import (
    EmailInvalid,
    EmailTaken,
    PasswordTooShort,
    SignInRefused,
)
from marketplace.accounts.models import Role, RoleGrant, SecurityEvent, User
from marketplace.accounts.operations import (
    authenticate,
    create_user,
    grant_role,
    join_organization,
)
from marketplace.accounts.queries import find_trading_organization, find_user_by_email
from marketplace.kernel.db import db
from tests.factories import NOON, a_user, an_organization

PASSWORD = "a rice barn in June"


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def test_an_address_is_kept_in_lower_case_and_found_however_it_is_written(database):
    user = create_user(" Jisu.Kim@Example.COM ", "Kim Jisu", PASSWORD, locale="ko", at=NOON)

    assert user.email == "jisu.kim@example.com"
    assert find_user_by_email("JISU.KIM@example.com ") is user


def test_a_password_is_kept_as_an_argon2_hash(database):
    user = create_user("a@example.com", "A", PASSWORD, locale="ko", at=NOON)

    assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert authenticate("A@example.com", PASSWORD) is user


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.com", "a@@example.com"])
def test_other_shapes_are_no_address(database, email):
    with pytest.raises(EmailInvalid):
        create_user(email, "A", PASSWORD, locale="ko", at=NOON)

    assert count(User) == 0


def test_an_address_belongs_to_one_account(database):
    create_user("a@example.com", "A", PASSWORD, locale="ko", at=NOON)

    with pytest.raises(EmailTaken):
        create_user("A@EXAMPLE.com", "B", PASSWORD, locale="ko", at=NOON)

    assert count(User) == 1


def test_a_password_has_ten_characters(database):
    with pytest.raises(PasswordTooShort) as refused:
        create_user("a@example.com", "A", "nine char", locale="ko", at=NOON)

    assert refused.value.facts == {"length": 10}
    assert count(User) == 0


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("a@example.com", "another password"),
        ("a@example.com", ""),
        ("b@example.com", PASSWORD),
        ("not an address", PASSWORD),
    ],
)
def test_address_and_password_must_belong_together(database, email, password):
    create_user("a@example.com", "A", PASSWORD, locale="ko", at=NOON)

    with pytest.raises(SignInRefused):
        authenticate(email, password)


def test_a_closed_account_cannot_sign_in(database):
    create_user("a@example.com", "A", PASSWORD, locale="ko", at=NOON).is_enabled = False
    db.session.flush()

    with pytest.raises(SignInRefused):
        authenticate("a@example.com", PASSWORD)


@pytest.mark.parametrize("password", ["", "!", "nobody has this password"])
def test_an_account_without_password_cannot_sign_in(database, password):
    create_user("a@example.com", "A", None, locale="id", at=NOON)

    with pytest.raises(SignInRefused):
        authenticate("a@example.com", password)


def test_a_role_is_granted_once_and_logged(database):
    user, giver = a_user(), a_user()

    grant_role(user, Role.ADMIN, by=giver.id, at=NOON)
    grant_role(user, Role.ADMIN, by=giver.id, at=NOON)

    assert user.has_role(Role.ADMIN)
    assert not user.has_role(Role.AUDITOR)
    assert db.session.scalars(select(RoleGrant.granted_by)).all() == [giver.id]
    assert db.session.scalars(select(SecurityEvent.kind)).all() == ["role-granted:admin"]


def test_an_organization_is_joined_once(database):
    user, organization = a_user(), an_organization()
    db.session.refresh(user)

    first = join_organization(user, organization, at=NOON)
    second = join_organization(user, organization, at=NOON)

    assert first is second
    assert find_trading_organization(user) is organization
