import re
from xml.etree import ElementTree

import pytest

from marketplace.drawings import area, meter, spark, split_bar, stacked
from marketplace.drawings.charts import round_top


def whole(value):
    return f"{value:,.0f}"


def bars(drawing):
    return [
        (rect.get("class").split()[0], float(rect.get("height")))
        for rect in ElementTree.fromstring(drawing).iter("rect")
    ]


def words(drawing):
    return [text.text for text in ElementTree.fromstring(drawing).iter("text")]


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (7, 8), (10, 10), (101, 120), (344, 400), (2_904, 3_000)]
)
def test_axes_end_at_a_round_number(value, top):
    assert round_top(value) == top


def test_layers_are_as_high_as_their_values():
    drawn = bars(stacked([("Q1", [50, 25]), ("Q2", [0, 100])], [2, 1], "Bars", whole))

    assert drawn == [("f2", 108.0), ("f1", 54.0), ("f2", 0.0), ("f1", 216.0)]


def test_ticks_run_from_the_top_to_zero():
    drawn = words(stacked([("Q1", [100])], [1], "Bars", whole, ticks=4))

    assert drawn == ["100", "75", "50", "25", "0", "Q1"]


def test_charts_for_phones_say_so():
    assert 'class="chart is-s"' in stacked([("Q1", [1])], [1], "Bars", whole, width=360)
    assert 'class="chart"' in stacked([("Q1", [1])], [1], "Bars", whole, width=560)


def test_an_area_writes_its_last_value():
    assert words(area([("Jan", 3), ("Feb", 212)], 4, "Area", whole))[-1] == "212"


@pytest.mark.parametrize("points", [[], [("Jan", 5)], [("Jan", 0), ("Feb", 0)]])
def test_an_area_of_little_is_drawn_all_the_same(points):
    ElementTree.fromstring(area(points, 4, "Area", whole))


@pytest.mark.parametrize("rows", [[], [("Jan", [])], [("Jan", [0])]])
def test_bars_of_nothing_are_drawn_all_the_same(rows):
    ElementTree.fromstring(stacked(rows, [1], "Bars", whole))


def test_labels_are_escaped():
    assert "R&amp;D" in stacked([("R&D", [1])], [1], "Bars", whole)


def test_a_split_fills_its_bar_and_shows_even_the_smallest_part():
    parts = ElementTree.fromstring(split_bar([(92, 4), (5, 7), (3, 2)], "Split"))
    widths = [float(part.get("width")) for part in parts]

    assert widths == [552, 30, 18]
    assert 'width="3"' in split_bar([(1_000_000, 4), (1, 2)], "Split")


@pytest.mark.parametrize(("value", "top", "width"), [(1, 4, 100), (9, 4, 400), (1, 0, 0)])
def test_a_meter_stops_at_its_limit(value, top, width):
    assert f'<rect class="f1 bar" width="{width}"' in meter(value, top, 1)


def test_a_spark_of_nothing_is_empty():
    assert bars(spark([])) == []
    assert bars(spark([0, 0])) == [("f1", 0.0), ("f1", 0.0)]


def test_the_last_month_of_a_line_always_has_its_label():
    months = [(f"26-{month:02}", month) for month in range(1, 12)]

    drawn = area(months, 4, "Growth", str, every=3)

    assert re.findall(r">(26-\d\d)<", drawn) == ["26-02", "26-05", "26-08", "26-11"]
