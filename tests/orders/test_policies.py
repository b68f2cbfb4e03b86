"""Pure rules: splits, refunds in any order, tracking numbers."""

from __future__ import annotations

from dataclasses import astuple
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.orders.errors import (
    InvalidTrackingNumber,
    RefundNotPositive,
    RefundTooLarge,
    TrackingNumberMistyped,
)
from marketplace.orders.policies import (
    NOTHING,
    Parts,
    divide_share,
    normalize_tracking_number,
    refund_parts,
    s10_check_digit,
    split_parcel,
)
from tests.orders.world import SALE_PARTS, SHARE_PARTS

RATE = Decimal("11.535706")
amounts = st.integers(min_value=1, max_value=3_000_000)


def test_the_split_of_the_mockup_is_exact():
    parts = split_parcel(99_700, 12_000, SALE_PARTS, RATE)

    assert (parts.cooperative, parts.service, parts.village_share) == (91_724, 4_985, 2_991)


def test_the_share_of_the_mockup_goes_into_four_funds():
    assert divide_share(2_991, SHARE_PARTS) == {
        "programs": 2_094,
        "training": 449,
        "youth": 299,
        "reserve": 149,
    }


@given(goods=amounts, shipping=st.integers(min_value=0, max_value=100_000))
def test_parts_sum_to_what_was_paid(goods, shipping):
    parts = split_parcel(goods, shipping, SALE_PARTS, RATE)

    assert parts.total == goods + shipping
    assert min(astuple(parts)) >= 0
    assert parts.owed % 100 == 0


@given(
    goods=amounts,
    shipping=st.integers(min_value=0, max_value=50_000),
    pieces=st.lists(st.integers(min_value=1, max_value=500_000), max_size=12),
)
def test_refunds_in_any_pieces_never_take_too_much_and_a_full_one_leaves_nothing(
    goods, shipping, pieces
):
    left = paid = split_parcel(goods, shipping, SALE_PARTS, RATE)
    refunded = NOTHING

    for piece in [*pieces, left.total]:
        amount = min(piece, left.total)
        if not amount:
            break
        parts = refund_parts(left, amount, RATE)
        assert parts.total == amount
        left, refunded = left - parts, refunded + parts
        assert min(astuple(left)) >= 0
        assert min(astuple(parts)) >= 0
    if left.total:
        left = left - refund_parts(left, left.total, RATE)

    assert left == NOTHING
    assert refunded.total <= paid.total


def test_a_refund_above_what_is_left_is_refused():
    with pytest.raises(RefundTooLarge) as refused:
        refund_parts(Parts(92, 5, 3, 10, 100), 111, RATE)

    assert refused.value.facts["left"].minor == 110


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_is_positive(amount):
    with pytest.raises(RefundNotPositive):
        refund_parts(Parts(92, 5, 3, 10, 100), amount, RATE)


def test_goods_are_refunded_before_freight():
    parts = refund_parts(Parts(92_000, 5_000, 3_000, 12_000, 100), 100_000, RATE)

    assert (parts.goods, parts.shipping) == (100_000, 0)


@pytest.mark.parametrize(
    ("serial", "digit"), [("12345678", 5), ("47312482", 9), ("00000000", 5), ("00000008", 0)]
)
def test_check_digits_follow_s10(serial, digit):
    assert s10_check_digit(serial) == digit


@pytest.mark.parametrize(
    ("carrier", "text", "number"),
    [
        ("pos-ems", "ee 123 456 785 id", "EE123456785ID"),
        ("pos-ems", "EE-123456785-ID", "EE123456785ID"),
        ("dhl", "1234567890", "1234567890"),
    ],
)
def test_tracking_numbers_are_tidied(carrier, text, number):
    assert normalize_tracking_number(carrier, text) == number


@pytest.mark.parametrize(
    ("carrier", "text"),
    [
        ("pos-ems", "1234567890"),
        ("pos-ems", "EE123"),
        ("dhl", "abc"),
        ("dhl", "x" * 30),
        ("dhl", ""),
    ],
)
def test_nonsense_is_no_tracking_number(carrier, text):
    with pytest.raises(InvalidTrackingNumber):
        normalize_tracking_number(carrier, text)


def test_a_mistyped_digit_is_found():
    with pytest.raises(TrackingNumberMistyped):
        normalize_tracking_number("pos-ems", "EE123456784ID")
