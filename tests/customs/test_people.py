"""Codes, phones and postcodes of a Korean receiver."""

from __future__ import annotations

import pytest

from marketplace.customs.errors import InvalidCustomsCode, InvalidPhone, InvalidPostcode
from marketplace.customs.policies import (
    mask_customs_code,
    normalize_customs_code,
    normalize_korean_phone,
)
from marketplace.customs.queries import check_postcode
from marketplace.reference.errors import PostcodeUnknown
from marketplace.reference.models import KoreanPostcode
from tests.factories import saved


@pytest.mark.parametrize(
    "text",
    ["P123456789012", " p123456789012 ", "P1234-5678-9012", "P 1234 5678 9012", "p1234–56789012"],
)
def test_a_customs_code_is_read_however_it_is_typed(text):
    assert normalize_customs_code(text) == "P123456789012"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P12345678901",
        "P1234567890123",
        "123456789012",
        "M123456789012",
        "P12345678901A",
        "PP123456789012",
        "P٠١٢٣٤٥٦٧٨٩٠١",
        "900101-1234567",
    ],
)
def test_other_shapes_are_no_customs_code(text):
    with pytest.raises(InvalidCustomsCode):
        normalize_customs_code(text)


def test_a_customs_code_is_shown_masked():
    assert mask_customs_code("P123456789123") == "P*********123"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("010-1234-5678", "+821012345678"),
        ("01012345678", "+821012345678"),
        ("+82 10 1234 5678", "+821012345678"),
        ("+82 010-1234-5678", "+821012345678"),
        ("０１０－１２３４－５６７８", "+821012345678"),
        ("\u202d010-1234-5678\u202c", "+821012345678"),
        ("0505-123-4567", "+825051234567"),
    ],
)
def test_a_korean_phone_number_is_kept_as_e164(text, number):
    assert normalize_korean_phone(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "phone",
        "010-1234",
        "02-312-3456",
        "051) 312-3456",
        "070-1234-5678",
        "+62 812 3456 7890",
        "+1 202 555 0123",
        "112",
        "010-1234-56789",
    ],
)
def test_other_numbers_are_refused(text):
    with pytest.raises(InvalidPhone):
        normalize_korean_phone(text)


def test_a_postcode_has_five_digits_and_exists(database):
    saved(KoreanPostcode(postcode="04524", sigungu="중구", sido="서울특별시"))

    for text in (" 04524 ", "0 4524", "０４５２４"):
        assert check_postcode(text) == "04524"
    with pytest.raises(PostcodeUnknown):
        check_postcode("04525")
    for text in ("", "4524", "045-24", "045245"):
        with pytest.raises(InvalidPostcode):
            check_postcode(text)
