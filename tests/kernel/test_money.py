from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.kernel.money import CurrencyMismatch, Money, rupiah, split, won


def test_two_currencies_do_not_mix():
    with pytest.raises(CurrencyMismatch):
        won(1) + rupiah(1)
    with pytest.raises(CurrencyMismatch):
        assert won(1) < rupiah(1)


def test_a_float_is_not_money():
    with pytest.raises(TypeError):
        Money(1.0, "KRW")
    with pytest.raises(TypeError):
        won(100).convert("IDR", 11.8)


def test_conversion_rounds_half_up_to_the_step():
    assert rupiah(185_000).convert("KRW", Decimal("0.0847")) == won(15_670)
    assert rupiah(185_000).convert("KRW", Decimal("0.0847"), step=100) == won(15_700)
    assert won(80_000).convert("IDR", Decimal("11.80")) == rupiah(944_000)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (99_990, [80, 10, 10], [79_992, 9_999, 9_999]),
        (10_001, [1, 1, 1], [3_334, 3_334, 3_333]),
        (0, [92, 5, 3], [0, 0, 0]),
    ],
)
def test_the_remainder_goes_to_the_largest_fraction_then_the_first(amount, weights, parts):
    assert split(amount, weights) == parts


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_parts_sum_to_the_whole_and_none_is_off_by_one_won(amount, weights):
    parts = split(amount, weights)

    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Decimal(amount) * weight / sum(weights)) < 1
