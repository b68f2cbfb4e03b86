from datetime import timedelta

import pytest

from marketplace.kernel.db import db
from marketplace.ledger.errors import IdempotencyConflict, NotWhole, PolicyMissing, SelfApproval
from marketplace.ledger.models import SplitPolicy
from marketplace.ledger.operations import set_policy
from marketplace.ledger.queries import policy_at
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("database")

SALE = {"cooperative": 9_200, "service": 500, "village_share": 300}
LATER = {"cooperative": 9_100, "service": 500, "village_share": 400}
INSTANT = timedelta(microseconds=1)


def test_a_division_holds_from_its_instant_until_the_next():
    first = set_policy("sale", SALE, valid_from=NOON)
    second = set_policy("sale", LATER, valid_from=NOON + timedelta(days=1))
    set_policy("share", {"programs": 10_000}, valid_from=NOON)

    assert policy_at("sale", NOON) == first
    assert policy_at("sale", NOON + timedelta(days=1) - INSTANT) == first
    assert policy_at("sale", NOON + timedelta(days=1)) == second
    assert second.parts == LATER


def test_before_the_first_division_there_is_none():
    set_policy("sale", SALE, valid_from=NOON)

    with pytest.raises(PolicyMissing):
        policy_at("sale", NOON - INSTANT)


@pytest.mark.parametrize("parts", [{"a": 9_999}, {"a": 10_001}, {"a": 10_100, "b": -100}])
def test_the_parts_are_a_whole(parts):
    with pytest.raises(NotWhole):
        set_policy("sale", parts, valid_from=NOON)

    assert db.session.query(SplitPolicy).count() == 0


def test_setting_the_same_division_again_is_harmless():
    first = set_policy("sale", SALE, valid_from=NOON)

    assert set_policy("sale", SALE, valid_from=NOON) is first
    with pytest.raises(IdempotencyConflict):
        set_policy("sale", LATER, valid_from=NOON)


def test_nobody_approves_a_division_they_proposed():
    with pytest.raises(SelfApproval):
        set_policy("sale", SALE, valid_from=NOON, proposed_by=1, approved_by=1)
