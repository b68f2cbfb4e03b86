"""Prices as buyers see them. No database is needed for the arithmetic."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalog.policies import divide_sale, price_in_won, rupiah_limits, unit_price
from marketplace.kernel.money import Money, dollars, rupiah, won

RATE = Decimal("11.6279")


@pytest.mark.parametrize(
    ("price", "rate", "expected"),
    [
        (rupiah(192_000), "11.6279", won(16_510)),
        (rupiah(115_000), "11.5", won(10_000)),
        (rupiah(114_942), "11.5", won(9_990)),
        (rupiah(114_943), "11.5", won(10_000)),
        (Money(11_494_250, "IDR"), "11.5", won(10_000)),  # exactly 9,995: half goes up
        (rupiah(1), "11.5", won(0)),
        (won(24_905), "11.5", won(24_905)),
    ],
)
def test_prices_are_rounded_half_up_to_ten_won(price, rate, expected):
    assert price_in_won(price, Decimal(rate)) == expected


def test_there_is_no_price_in_won_for_dollars():
    with pytest.raises(ValueError, match="USD"):
        price_in_won(dollars("7.22"), RATE)


@given(
    minor=st.integers(100, 10**10),
    price_from=st.none() | st.integers(0, 10**7),
    price_to=st.none() | st.integers(0, 10**7),
    rate=st.decimals("5", "25", places=4),
)
def test_limits_in_rupiah_let_through_exactly_what_the_reader_asked(
    minor, price_from, price_to, rate
):
    shown = price_in_won(Money(minor, "IDR"), rate).minor
    least, most = rupiah_limits(price_from, price_to, rate)

    wanted = (price_from is None or shown >= price_from) and (price_to is None or shown <= price_to)
    assert (least <= minor <= most) == wanted


def test_the_price_of_a_hundred_grams():
    assert unit_price(won(24_900), 500) == won(4_980)
    assert unit_price(won(9_800), 150) == won(6_533)


@given(st.integers(0, 10**9))
def test_the_parts_of_a_price_sum_to_it(minor):
    parts = divide_sale(won(minor), {"village_share": 300, "service": 500, "cooperative": 9200})

    assert list(parts) == ["cooperative", "service", "village_share"]
    assert sum(part.minor for part in parts.values()) == minor


def test_the_share_of_the_mock_up():
    parts = divide_sale(won(24_900), {"cooperative": 9200, "service": 500, "village_share": 300})

    assert parts == {
        "cooperative": won(22_908),
        "service": won(1_245),
        "village_share": won(747),
    }
