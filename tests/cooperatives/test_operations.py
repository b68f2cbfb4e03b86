from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from marketplace.cooperatives.errors import MembersWrong, SlugTaken
from marketplace.cooperatives.models import Cooperative, CooperativeState, MemberRole
from marketplace.cooperatives.operations import (
    add_member,
    create_cooperative,
    open_cooperative,
    set_bank_account,
    suspend_cooperative,
)
from marketplace.cooperatives.queries import (
    find_membership,
    get_cooperative,
    list_members,
    list_memberships,
)
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from tests.factories import NOON, a_cooperative, a_regency, a_user


def enter(slug="nira", **more):
    facts = {"kind": "KSU", "motif": "frond", "dye": 4, "members": 40, "women": 25, "at": NOON}
    return create_cooperative(slug, "KSU Nira", regency_code=a_regency().code, **(facts | more))


def test_a_cooperative_is_public_once_it_is_open(database):
    cooperative = enter()
    with pytest.raises(NotFound):
        get_cooperative("nira")

    open_cooperative(cooperative)
    assert get_cooperative("nira") is cooperative

    suspend_cooperative(cooperative)
    with pytest.raises(NotFound):
        get_cooperative("nira")


def test_an_address_belongs_to_one_cooperative(database):
    enter()

    with pytest.raises(SlugTaken):
        enter()

    assert db.session.scalar(select(func.count(Cooperative.id))) == 1


def test_there_are_no_more_women_than_members(database):
    with pytest.raises(MembersWrong) as refused:
        enter(members=10, women=11)

    assert refused.value.facts == {"women": 11, "members": 10}
    assert db.session.scalar(select(func.count(Cooperative.id))) == 0


def test_a_member_has_one_role_which_can_change(database):
    cooperative, user = enter(state=CooperativeState.OPEN), a_user()

    add_member(cooperative, user, MemberRole.SELLER, at=NOON)
    add_member(cooperative, user, MemberRole.TREASURER, at=NOON)

    assert [m.role for m in list_members(cooperative)] == [MemberRole.TREASURER]
    assert find_membership(user.id, "nira").cooperative is cooperative
    assert find_membership(a_user().id, "nira") is None


def test_a_person_may_work_for_several_cooperatives(database):
    user = a_user()
    for slug in ("first", "second"):
        add_member(a_cooperative(slug=slug), user, MemberRole.SELLER, at=NOON)

    assert [m.cooperative.slug for m in list_memberships(user.id)] == ["first", "second"]


def test_a_bank_account_is_secret_at_rest(database):
    cooperative = enter()
    set_bank_account(cooperative, bank_code="002", number="000000000000001", holder="Siti")
    account = set_bank_account(cooperative, bank_code="008", number="1370000000001", holder="Siti")
    db.session.expire(account)

    kept = db.session.execute(text("select number, holder from coop_bank_accounts")).all()
    assert (account.bank_code, account.number, account.holder) == ("008", "1370000000001", "Siti")
    assert len(kept) == 1
    assert b"1370000000001" not in bytes(kept[0].number)
