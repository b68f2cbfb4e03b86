from __future__ import annotations

import pytest

from marketplace.accounts.models import Role
from marketplace.cooperatives.access import member
from marketplace.cooperatives.models import CooperativeState, MemberRole
from marketplace.cooperatives.operations import add_member
from marketplace.cooperatives.policies import PERMISSIONS, may
from tests.accounts.readers import answer
from tests.factories import NOON, a_cooperative, a_user

OPEN_TO = {
    "desk.view": {"chair", "treasurer", "seller"},
    "products.view": {"chair", "treasurer", "seller"},
    "products.edit": {"chair", "seller"},
    "orders.view": {"chair", "treasurer", "seller"},
    "orders.ship": {"chair", "seller"},
    "payouts.view": {"chair", "treasurer"},
    "rfqs.view": {"chair", "treasurer", "seller"},
    "rfqs.answer": {"chair", "seller"},
    "programs.view": {"chair", "treasurer", "seller"},
    "programs.propose": {"chair"},
    "profile.edit": {"chair"},
    "members.edit": {"chair"},
}


def test_the_rights_of_each_role_are_these():
    assert {
        permission: {role.value for role in MemberRole if may(role, permission)}
        for permission in PERMISSIONS
    } == OPEN_TO


@pytest.mark.parametrize(
    ("who", "result"),
    [
        ("stranger", 401),
        ("outsider", 404),
        ("member of another", 404),
        (Role.ADMIN, 404),
        (MemberRole.SELLER, 403),
        (MemberRole.TREASURER, "nira"),
        (MemberRole.CHAIR, "nira"),
    ],
)
def test_only_members_with_the_permission_see_payouts(app, database, who, result):
    ours, other = a_cooperative(slug="nira"), a_cooperative(slug="other")
    reader = None if who == "stranger" else a_user(roles=(who,) if isinstance(who, Role) else ())
    if who == "member of another":
        add_member(other, reader, MemberRole.CHAIR, at=NOON)
    if isinstance(who, MemberRole):
        add_member(ours, reader, who, at=NOON)
    view = member("payouts.view")(lambda cooperative: cooperative.slug)

    assert answer(app, view, reader, cooperative="nira") == result


def test_a_cooperative_that_does_not_exist_looks_like_another_ones(app, database):
    view = member("desk.view")(lambda cooperative: cooperative.slug)

    assert answer(app, view, a_user(), cooperative="nowhere") == 404


def test_a_suspended_cooperative_still_ships_what_was_sold(app, database):
    cooperative = a_cooperative(slug="nira", state=CooperativeState.SUSPENDED)
    seller = a_user()
    add_member(cooperative, seller, MemberRole.SELLER, at=NOON)
    view = member("orders.ship")(lambda cooperative: cooperative.slug)

    assert answer(app, view, seller, cooperative="nira") == "nira"


def test_a_mistyped_permission_is_a_mistake_at_the_start():
    with pytest.raises(ValueError, match=r"unknown permission 'payout\.view'"):
        member("payout.view")
