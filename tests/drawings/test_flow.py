from xml.etree import ElementTree

import pytest

from marketplace.drawings import Node, flow

COLUMNS = [
    [Node("share", "Share", 2), Node("pledge", "Pledge", 1)],
    [Node("fund", "Fund", 4, "4 villages"), Node("reserve", "Reserve", 5)],
]
LINKS = [("share", "fund", 30), ("pledge", "fund", 60), ("pledge", "reserve", 10)]


def draw(links=LINKS, **options):
    return flow(COLUMNS, links, "Flow", str, **options)


def test_what_comes_in_is_as_high_as_what_goes_out():
    heights = {
        rect.get("class").split()[0]: float(rect.get("height"))
        for rect in ElementTree.fromstring(draw()).iter("rect")
    }

    assert heights["f2"] + heights["f1"] == pytest.approx(heights["f4"] + heights["f5"], abs=0.2)
    assert heights["f4"] == pytest.approx(9 * heights["f5"], rel=0.01)


def test_bands_take_the_wash_of_the_node_they_leave_or_reach():
    def washes(drawing):
        paths = ElementTree.fromstring(drawing).iter("path")
        return [path.get("class").split()[0] for path in paths]

    assert washes(draw()) == ["g2", "g1", "g1"]
    assert washes(draw(reach=True)) == ["g4", "g4", "g5"]


def test_a_node_writes_its_name_its_amount_and_its_note():
    words = [text.text for text in ElementTree.fromstring(draw()).iter("text")]

    assert words[4:6] == ["Fund", "90.0\u00a0· 4 villages"]


def test_a_flow_of_nothing_is_drawn_all_the_same():
    ElementTree.fromstring(draw(links=[]))
    ElementTree.fromstring(flow([], [], "Flow", str))


def test_a_long_name_stays_within_the_drawing():
    name = "Pengelolaan pasar dan pembayaran"
    picture = flow(
        [[Node("a", "A", 1)], [Node("b", name, 2)]],
        [("a", "b", 5)],
        "Flow",
        str,
        width=700,
        label_width=150,
    )

    written = next(text for text in ElementTree.fromstring(picture).iter() if text.text == name)
    assert float(written.get("x")) + 8 * len(name) < 700
