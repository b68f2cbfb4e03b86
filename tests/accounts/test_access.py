from __future__ import annotations

import pytest

from marketplace.accounts.access import partner, staff
from marketplace.accounts.models import OrganizationKind, Role
from tests.accounts.readers import answer
from tests.factories import a_partner, a_user, an_organization


def reader_of(kind):
    match kind:
        case "stranger":
            return None
        case "buyer":
            return a_user()
        case Role():
            return a_user(roles=(kind,))
        case OrganizationKind():
            return a_partner(an_organization(kind))


@pytest.mark.parametrize(
    ("who", "result"),
    [
        ("stranger", 401),
        ("buyer", 403),
        (OrganizationKind.KOTRA, 403),
        (Role.AUDITOR, 403),
        (Role.ADMIN, "journal"),
    ],
)
def test_only_administrators_change_things(app, database, who, result):
    view = staff(Role.ADMIN)(lambda: "journal")

    assert answer(app, view, reader_of(who)) == result


@pytest.mark.parametrize(
    ("who", "result"),
    [("stranger", 401), ("buyer", 403), (Role.AUDITOR, "journal"), (Role.ADMIN, "journal")],
)
def test_auditors_read_what_administrators_read(app, database, who, result):
    view = staff(Role.ADMIN, Role.AUDITOR)(lambda: "journal")

    assert answer(app, view, reader_of(who)) == result


@pytest.mark.parametrize(
    ("who", "result"),
    [
        ("stranger", 401),
        ("buyer", 403),
        (Role.ADMIN, 403),
        (OrganizationKind.SPONSOR, 403),
        (OrganizationKind.MINISTRY, 403),
        (OrganizationKind.KOTRA, "kotra"),
        (OrganizationKind.IMPORTER, "importer"),
    ],
)
def test_only_trading_organizations_are_partners(app, database, who, result):
    view = partner(lambda organization: str(organization.kind))

    assert answer(app, view, reader_of(who)) == result


def test_guards_say_whom_they_let_in():
    assert staff(Role.ADMIN, Role.AUDITOR)(lambda: "").access == "staff: admin, auditor"
    assert partner(lambda organization: "").access == "partner"


def test_a_guard_without_roles_is_a_mistake():
    with pytest.raises(ValueError, match="name the roles"):
        staff()
