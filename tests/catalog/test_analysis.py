"""Text into search terms. No database is needed."""

import pytest

from marketplace.catalog.analysis import (
    corrections,
    distance,
    glossary,
    glossary_text,
    pairs,
    readings,
    stem,
    terms,
    without_particle,
    words,
)
from marketplace.catalog.policies import CATEGORIES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kopi Gayo 500g 원두!", ["kopi", "gayo", "500g", "원두"]),
        ("ＫＯＰＩ　Café", ["kopi", "cafe"]),
        ("가요원두200g", ["가요원두", "200g"]),
        ("한 (NFD)", ["한", "nfd"]),
        ("--- ''' \0 ***", []),
    ],
)
def test_words_are_what_people_would_type(text, expected):
    assert words(text) == expected


def test_hangul_is_cut_into_overlapping_pairs():
    assert pairs("아라비카") == ["아라", "라비", "비카"]
    assert terms("아라비카 커피") == ("아라비카", "커피", "아라", "라비", "비카")


def test_latin_words_are_stemmed_in_both_languages():
    assert stem("makanan", "indonesian") == stem("makan", "indonesian")
    assert stem("coffees", "english") == stem("coffee", "english")


def test_every_kind_of_goods_is_in_the_glossary():
    assert set(CATEGORIES) == {entry.category for entry in glossary() if entry.category}


@pytest.mark.parametrize(
    ("category", "name", "expected"),
    [
        ("coffee", "Kopi Gayo", {"커피", "원두", "coffee", "가요"}),
        ("spice", "Lada Putih Muntok", {"백후추", "pepper", "향신료"}),
        ("spice", "문톡 백후추", {"lada", "putih", "pepper"}),
        ("sugar", "Gula Aren", {"종려당", "arenga"}),
    ],
)
def test_goods_get_their_names_in_the_other_languages(category, name, expected):
    assert expected <= set(glossary_text(category, [name]).split())


def test_a_part_of_a_word_is_not_the_word():
    assert "tea" not in glossary_text("wood", ["Ukiran Tehoru"]).split()


def test_a_typed_compound_is_also_read_as_its_parts():
    assert ("커피", "원두") in readings("커피원두")


@pytest.mark.parametrize(
    ("word", "expected"),
    [("커피를", "커피"), ("원두로", "원두"), ("가요", "가요"), ("차가", "차가")],
)
def test_particles_are_set_aside(word, expected):
    assert without_particle(word) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("kopi", "kopi", 0), ("kopi", "kpoi", 1), ("arabika", "arabbica", 2), ("커피", "커비", 1)],
)
def test_distance_counts_letters_and_jamo(one, other, expected):
    assert distance(one, other) == expected


def test_corrections_come_likeliest_first():
    known = ["kopi", "topi", "kopra", "gula", "커피"]

    assert corrections("koppi", known)[0] == "kopi"
    assert corrections("커비", known) == ["커피"]
    assert corrections("zzzz", known) == []
