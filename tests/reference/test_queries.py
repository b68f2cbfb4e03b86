from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from marketplace.reference.errors import RateMissing, RateTooOld
from marketplace.reference.models import HsCode, KoreanPostcode
from marketplace.reference.operations import set_rate
from marketplace.reference.queries import (
    find_hs_code,
    find_province,
    is_korean_postcode,
    list_chapters,
    rate_on,
)
from tests.factories import a_regency, saved

FRIDAY = date(2026, 4, 10)


@pytest.fixture
def friday_rate(database):
    set_rate("KRW", "IDR", FRIDAY, Decimal("11.535706"), source="ECB")
    set_rate("KRW", "IDR", date(2026, 4, 9), Decimal("11.5"), source="ECB")
    set_rate("USD", "KRW", FRIDAY, Decimal("1489.9521"), source="ECB")


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2026, 4, 9), (Decimal("11.5"), date(2026, 4, 9))),
        (FRIDAY, (Decimal("11.535706"), FRIDAY)),
        (date(2026, 4, 12), (Decimal("11.535706"), FRIDAY)),
        (date(2026, 4, 17), (Decimal("11.535706"), FRIDAY)),
    ],
)
def test_the_newest_rate_at_or_before_the_day_holds(friday_rate, day, rate):
    assert rate_on("KRW", "IDR", day) == rate


def test_a_rate_older_than_a_week_is_refused(friday_rate):
    with pytest.raises(RateTooOld) as refused:
        rate_on("KRW", "IDR", date(2026, 4, 18), oldest_days=7)

    assert refused.value.facts == {"base": "KRW", "quote": "IDR", "day": FRIDAY}
    assert rate_on("KRW", "IDR", date(2026, 4, 18), oldest_days=8)[1] == FRIDAY


@pytest.mark.parametrize(
    ("base", "quote", "day"),
    [("KRW", "IDR", date(2026, 4, 8)), ("IDR", "KRW", FRIDAY), ("EUR", "KRW", FRIDAY)],
)
def test_a_missing_rate_is_said(friday_rate, base, quote, day):
    with pytest.raises(RateMissing):
        rate_on(base, quote, day)


def test_a_new_rate_is_used_at_once(friday_rate):
    rate_on("KRW", "IDR", FRIDAY)

    set_rate("KRW", "IDR", FRIDAY, Decimal("12"), source="Bank of Korea")

    assert rate_on("KRW", "IDR", FRIDAY) == (Decimal("12"), FRIDAY)


def test_what_one_database_said_is_not_remembered_for_another(database):
    with pytest.raises(RateMissing):
        rate_on("USD", "KRW", FRIDAY)


def test_hs_codes_are_found_exactly(database):
    for code, level in (("09", 2), ("090121", 6)):
        saved(
            HsCode(
                code=code, level=level, section="II", description_en="Coffee", description_id="Kopi"
            )
        )

    assert find_hs_code("0901.21").description("id") == "Kopi"
    assert find_hs_code("09 01 21").description("en") == "Coffee"
    assert find_hs_code("999999") is None
    assert [row.code for row in list_chapters()] == ["09"]


def test_a_province_is_found_by_its_letters(database):
    province = a_regency("32.05", name="Kabupaten Garut").province
    province.letters = "JB"

    assert find_province("jb") is province
    assert find_province("XX") is None


def test_a_postcode_exists_or_not(database):
    saved(KoreanPostcode(postcode="04524", sigungu="중구", sido="서울특별시"))

    assert is_korean_postcode("04524")
    assert not is_korean_postcode("00000")
