from xml.etree import ElementTree

import pytest

from marketplace.drawings import cloth
from marketplace.drawings.cloth import _cut
from marketplace.drawings.svg import Dice


def patches(drawing):
    """How many patches each class of a cloth has."""
    return {
        path.get("class").split()[0]: path.get("d").count("M")
        for path in ElementTree.fromstring(drawing)
    }


@pytest.mark.parametrize(
    ("goal", "done", "running"),
    [(500, 212, 23), (500, 0, 0), (500, 500, 0), (500, 499, 1), (12, 3, 2), (1, 0, 1)],
)
def test_the_cloth_has_exactly_the_counts_it_was_given(goal, done, running):
    counts = patches(cloth(goal, done, running, "lumbung", "Cloth"))

    assert sum(count for look, count in counts.items() if look.startswith("f")) == done
    assert counts.get("cl-run", 0) == running
    assert counts["cl0"] == goal - done


def test_the_pieces_cover_the_whole_cloth():
    cells = _cut((0, 0, 1000, 400), 500, Dice("lumbung"))

    assert len(cells) == 500
    assert sum(w * h for _, _, w, h in cells) == 1000 * 400
    assert all(w > 0 and h > 0 for _, _, w, h in cells)


def test_a_dyed_patch_keeps_its_place_when_the_next_one_is_sewn():
    before, after = (patches(cloth(500, done, 0, "lumbung", "")) for done in (100, 101))

    grown = {look for look in after if after[look] > before.get(look, 0)}
    assert len(grown) == 1
    assert grown != {"cl0"}


def test_five_hundred_patches_stay_small():
    assert len(cloth(500, 212, 23, "lumbung", "Cloth")) < 14_000
