from xml.etree import ElementTree

import pytest

from marketplace import drawings
from marketplace.drawings import Node

DRAWINGS = {
    "product_tile": drawings.product_tile("batik", "kain", "Kain"),
    "coop_tile": drawings.coop_tile("canting", "kawung", 1),
    "motif_field": drawings.motif_field("kawung", 0),
    "cloth": drawings.cloth(50, 20, 5, "seed", "Cloth"),
    "province_map": drawings.province_map({"AC": 3}, "Map"),
    "stacked": drawings.stacked([("Q1", [3, 4])], [1, 2], "Bars", str),
    "area": drawings.area([("Jan", 1), ("Feb", 3)], 4, "Area", str),
    "spark": drawings.spark([1, 2, 3]),
    "split_bar": drawings.split_bar([(97, 4), (3, 2)], "Split"),
    "meter": drawings.meter(1, 3, 1, "Meter"),
    "swatch": drawings.swatch("f1"),
    "flow": drawings.flow(
        [[Node("a", "A & B", 1)], [Node("c", "C", 2, "<note>")]], [("a", "c", 5)], "Flow", str
    ),
    "seal": drawings.seal("KOTRA & CO"),
    "mark": drawings.mark(),
    "qr": drawings.qr("otpauth://totp/a", "Key"),
    "fingerprint": drawings.fingerprint("7C1E-09AB-5D42", "Receipt"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_is_well_formed_and_obeys_a_policy_without_inline_style(name):
    elements = list(ElementTree.fromstring(DRAWINGS[name]).iter())

    assert elements[0].tag == "svg"
    assert not [element.tag for element in elements if element.tag in {"style", "script"}]
    assert not [element for element in elements if "style" in element.attrib]


@pytest.mark.parametrize("name", DRAWINGS)
def test_speaks_one_sentence_or_nothing(name):
    root = ElementTree.fromstring(DRAWINGS[name])

    assert (root.get("role") == "img" and root.get("aria-label")) or root.get("aria-hidden")
