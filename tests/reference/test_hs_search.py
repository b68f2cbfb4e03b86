"""What a village's secretary types, and the HS codes it should lead to."""

from __future__ import annotations

import csv

import pytest
from sqlalchemy import insert

from marketplace.kernel.db import db
from marketplace.reference.hs_search import EVERYDAY_WORDS, everyday_words, search_hs_codes
from marketplace.reference.models import HsCode
from marketplace.reference.operations import DATA
from tests.factories import saved


@pytest.fixture
def coffee(database):
    rows = [
        ("09", 2, None, "Coffee, tea, mate and spices", ""),
        ("0901", 4, "09", "Coffee, whether or not roasted", "Kopi, disangrai atau tidak"),
        ("090111", 6, "0901", "Coffee; not roasted", "Kopi tidak digongseng"),
        ("090121", 6, "0901", "Coffee; roasted", "Kopi digongseng"),
        ("460219", 6, "4602", "Wickerwork, 100% of other plants", ""),
    ]
    for code, level, parent, english, indonesian in rows:
        saved(
            HsCode(
                code=code,
                level=level,
                parent=parent,
                section="II",
                description_en=english,
                description_id=indonesian,
            )
        )


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("0901", ["090111", "090121"]),
        ("0901.21", ["090121"]),
        ("09 01 21", ["090121"]),
        ("coffee roasted", ["090121", "090111"]),
        ("KOPI digongseng", ["090111", "090121"]),
        ("not roasted", ["090111", "090121"]),
        ("KOPI sangrai", ["090121", "090111"]),
        ("100%", ["460219"]),
        ("%", []),
        ("_", []),
        ("", []),
        ("x" * 500, []),
    ],
)
def test_hs_codes_are_found_by_digits_or_words(coffee, text, codes):
    assert [row.code for row in search_hs_codes(text)] == codes


def test_no_more_are_found_than_asked_for(coffee):
    assert len(search_hs_codes("coffee", limit=1)) == 1


def test_what_is_left_out_takes_no_place_of_the_others(coffee):
    codes = [row.code for row in search_hs_codes("coffee wickerwork", limit=1, without="0901")]

    assert codes == ["460219"]
    assert search_hs_codes("0901", without="0901") == []


def whole_tariff():
    with (DATA / "hs2022.csv").open(encoding="utf-8", newline="") as file:
        rows = [row | {"parent": row["parent"] or None} for row in csv.DictReader(file)]
    db.session.execute(insert(HsCode), [row | {"level": int(row["level"])} for row in rows])


# The words, and the codes that should stand first; a heading stands for all of its codes.
ASKED = {
    "biji kopi": ["090111", "090112", "090121"],
    "kopi biji": ["090111", "090112", "090121"],
    "kopi sangrai": ["090121", "090122"],
    "Kopi bubuk, 250 gram": ["090121", "090122"],
    "batik": ["520852", "520851", "520951", "500720", "621490", "621410"],
    "kain batik tulis": ["520852", "520851", "520951"],
    "gula aren": ["170290"],
    "gula semut": ["170290"],
    "madu": ["040900"],
    "madu hutan": ["040900"],
    "anyaman bambu": ["460211", "460121", "460192"],
    "keranjang rotan": ["460212"],
    "tenun": ["520841", "520842", "520849", "520941", "520949"],
    "tenun ikat sumba": ["520841"],
    "keripik": ["200899", "200520", "200599", "190590"],
    "keripik pisang": ["200899"],
    "keripik kentang": ["200520", "200899"],
    "gelang perak": ["711311"],
    "gula batu": ["170112"],
    "biji kakao": ["180100"],
    "teh hijau": ["090210", "090220"],
    "lada hitam": ["090411", "090412"],
    "rumput laut": ["121221"],
    "beras merah": ["100630", "100620"],
    "minyak kelapa": ["151311", "151319"],
    "roasted coffee": ["090121", "090122"],
    "바틱 스카프": ["621490", "621410", "520852"],
    "야자당": ["170290"],
}


def test_what_a_village_calls_its_goods_leads_to_their_codes(database):
    whole_tariff()

    found = {text: [row.code for row in search_hs_codes(text, 12)] for text in ASKED}

    assert {text: codes[: len(ASKED[text])] for text, codes in found.items()} == ASKED


def test_every_everyday_name_means_codes_of_the_tariff_and_says_why(database):
    with (DATA / "hs2022.csv").open(encoding="utf-8", newline="") as file:
        known = {row["code"] for row in csv.DictReader(file)}
    with EVERYDAY_WORDS.open(encoding="utf-8", newline="") as file:
        names = [name for row in csv.DictReader(file) for name in row["words"].split("|")]

    assert [row for row in everyday_words() if not row.why or not known.issuperset(row.codes)] == []
    assert sorted(names) == sorted(set(names))
    assert [name for name in names if name != name.casefold()] == []
