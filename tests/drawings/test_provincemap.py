from xml.etree import ElementTree

from marketplace.drawings import PROVINCES, province_map


def tiles(drawing):
    return {
        group.find("text[@class='pc']").text: (
            group.get("class"),
            group.find("text[@class='pn']").text,
        )
        for group in ElementTree.fromstring(drawing)
    }


def test_every_province_stands_on_a_place_of_its_own():
    places = {(column, row) for column, row, _ in PROVINCES.values()}

    assert len(PROVINCES) == len(places) == 38


def test_the_number_stands_in_each_tile_and_the_step_follows_it():
    drawn = tiles(province_map({"AC": 12, "JT": 24, "PA": 1}, "Map"))

    assert drawn["JT"] == ("pv5", "24")
    assert drawn["AC"] == ("pv3", "12")
    assert drawn["PA"] == ("pv1", "1")
    assert drawn["PE"] == ("pv0", "0")


def test_a_map_without_programs_is_empty_not_broken():
    assert {step for step, _ in tiles(province_map({}, "Map")).values()} == {"pv0"}


def test_names_come_in_the_readers_language():
    drawn = province_map({"AC": 1}, "Map", names={"AC": "아체"})

    assert "<title>아체: 1</title>" in drawn
    assert "<title>Bali: 0</title>" in drawn
