from pathlib import Path
from xml.etree import ElementTree

import pytest

from marketplace import drawings
from marketplace.drawings import KINDS, MOTIFS, coop_tile, motif_field, product_tile
from marketplace.drawings.tiles import LAYOUTS

SVG = "{http://www.w3.org/2000/svg}"
SPRITE = Path(drawings.__file__).parents[1] / "static" / "sprite.svg"
GROUND_OF_KOPI_GAYO = [
    ("136", "0", "g2"),
    ("0", "0", "g7"),
    ("44", "58", "g7"),
    ("0", "58", "g4"),
    ("0", "146", "g2"),
]


def symbols():
    return {symbol.get("id") for symbol in ElementTree.parse(SPRITE).iter(f"{SVG}symbol")}


def used_symbols(drawing):
    uses = ElementTree.fromstring(drawing).iter("use")
    return {use.get("href").removeprefix("/static/sprite.svg#") for use in uses}


def test_the_same_slug_gives_the_same_tile_for_ever():
    tile = product_tile("coffee", "kopi-gayo")
    product_tile.cache_clear()

    assert product_tile("coffee", "kopi-gayo") == tile
    assert product_tile("coffee", "kopi-toraja") != tile


def test_the_ground_of_a_known_slug_has_not_moved():
    ground = [
        (piece.get("x"), piece.get("y"), piece.get("class"))
        for piece in ElementTree.fromstring(product_tile("coffee", "kopi-gayo")).iter("rect")
    ]

    assert ground == GROUND_OF_KOPI_GAYO


@pytest.mark.parametrize("kind", KINDS)
def test_a_tile_draws_one_object_and_uses_only_symbols_of_the_sprite(kind):
    used = used_symbols(product_tile(kind, "any"))

    assert used <= symbols()
    assert f"o-{KINDS[kind].shape}" in used


def test_an_unknown_kind_is_drawn_as_a_basket():
    assert "o-basket" in used_symbols(product_tile("spaceship", "any"))


@pytest.mark.parametrize("motif", MOTIFS)
def test_every_motif_is_in_the_sprite(motif):
    assert used_symbols(coop_tile("any", motif, 1)) == {f"m-{motif}"}
    assert f"m-{motif}" in symbols()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_five_pieces_cover_the_square_without_overlap(layout):
    assert sum(w * h for _, _, w, h in layout) == 200 * 200


def test_the_sprite_may_live_elsewhere():
    tile = product_tile("coffee", "any", sprite="/static/sprite.svg?v=1")

    assert 'href="/static/sprite.svg?v=1#o-pouch"' in tile


def test_two_fields_of_one_motif_can_stand_on_one_page():
    first, second = motif_field("kawung", 1), motif_field("kawung", 1, "strip")

    assert 'id="field-kawung-1"' in first
    assert 'fill="url(#field-kawung-1-strip)"' in second


def test_a_title_is_escaped_and_its_absence_hides_the_drawing():
    assert 'aria-label="Kopi &#34;A&#34; &lt;b&gt;"' in product_tile("coffee", "a", 'Kopi "A" <b>')
    assert 'aria-hidden="true"' in product_tile("coffee", "a")
