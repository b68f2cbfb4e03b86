"""Tiles: what stands for a product without photo, for a cooperative, and for a craft."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from marketplace.drawings.dyes import (
    BARK,
    CELADON,
    FAMILY,
    GARDENIA,
    INDIGO,
    LEAF,
    MADDER,
    SAPPAN,
)
from marketplace.drawings.svg import SPRITE, Dice, drawing, spoken

MOTIFS = (
    "kawung",
    "coffee",
    "weave",
    "frond",
    "parang",
    "spice",
    "log",
    "ikat",
    "cacao",
    "wave",
    "drop",
    "lattice",
)
MOTIF_SIDE = 96
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Kind:
    """How goods of one kind are drawn: object, motif on the label, dye, and wash below it."""

    shape: str
    motif: str
    dye: int
    wash: int


KINDS = {
    "coffee": Kind("pouch", "coffee", BARK, GARDENIA),
    "batik": Kind("cloth", "kawung", INDIGO, CELADON),
    "rattan": Kind("basket", "weave", BARK, BARK),
    "palm-sugar": Kind("pouch", "frond", LEAF, GARDENIA),
    "spice": Kind("jar", "spice", MADDER, GARDENIA),
    "wood": Kind("tray", "log", BARK, GARDENIA),
    "ikat": Kind("roll", "ikat", MADDER, GARDENIA),
    "cacao": Kind("pouch", "cacao", SAPPAN, BARK),
    "pepper": Kind("jar", "spice", CELADON, GARDENIA),
    "oil": Kind("bottle", "drop", LEAF, CELADON),
    "sea": Kind("jar", "wave", INDIGO, CELADON),
    "green-coffee": Kind("sack", "coffee", LEAF, BARK),
}

# Where the motif goes on each object: x, y, width, height of 200.
LABELS: dict[str, Box] = {
    "pouch": (66, 78, 68, 74),
    "sack": (66, 88, 68, 66),
    "cloth": (44, 58, 112, 48),
    "basket": (56, 95, 88, 54),
    "jar": (46, 96, 108, 58),
    "bottle": (66, 104, 68, 50),
    "roll": (58, 74, 104, 68),
}

# Five ways to sew a square of 200 from five pieces.
LAYOUTS: tuple[tuple[Box, ...], ...] = (
    ((0, 0, 124, 76), (124, 0, 76, 120), (0, 76, 52, 124), (52, 76, 72, 124), (124, 120, 76, 80)),
    ((0, 0, 64, 200), (64, 0, 136, 58), (64, 58, 92, 142), (156, 58, 44, 88), (156, 146, 44, 54)),
    ((0, 0, 92, 46), (92, 0, 108, 92), (0, 46, 92, 154), (92, 92, 62, 108), (154, 92, 46, 108)),
    ((0, 0, 200, 40), (0, 40, 76, 98), (76, 40, 124, 98), (0, 138, 138, 62), (138, 138, 62, 62)),
    ((0, 0, 142, 120), (142, 0, 58, 54), (142, 54, 58, 146), (0, 120, 48, 80), (48, 120, 94, 80)),
)


@lru_cache(maxsize=512)
def product_tile(
    kind: str, slug: str, title: str = "", *, dye: int = 0, sprite: str = SPRITE
) -> Markup:
    """Draw goods that have no photo yet; the same slug gives the same tile for ever.

    An unknown `kind` is drawn as a basket. `dye` replaces the dye of the kind.
    """
    goods = KINDS.get(kind, KINDS["rattan"])
    dye = dye or goods.dye
    body = (
        _ground(slug, FAMILY[dye][1])
        + f'<use href="{sprite}#o-{goods.shape}" width="200" height="200"'
        + f' class="c{dye} k{goods.wash}"/>'
        + _label(goods, dye, sprite)
    )
    return drawing("tile", 200, 200, body, f'preserveAspectRatio="xMidYMid slice" {spoken(title)}')


def _ground(slug: str, dye: int) -> str:
    dice = Dice(slug)
    layout = dice.pick(LAYOUTS)
    family = FAMILY[dye]
    if dice.throw() < 0.5:
        layout = tuple((200 - x - w, y, w, h) for x, y, w, h in layout)
    pieces = "".join(
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}"'
        f' class="g{family[(i + int(dice.throw() * 2)) % 4]}"/>'
        for i, (x, y, w, h) in enumerate(layout)
    )
    seams = "".join(f"M{x} {y}h{w}v{h}h-{w}Z" for x, y, w, h in layout)
    return f'{pieces}<path d="{seams}" class="seam"/>'


def _label(goods: Kind, dye: int, sprite: str) -> str:
    if goods.shape not in LABELS:
        return ""
    x, y, w, h = LABELS[goods.shape]
    # Whole cells of the motif, so that none is cut.
    wide, high = (24 * max(2, round(side * 1.4 / 24)) for side in (w, h))
    uses = "".join(
        f'<use href="{sprite}#m-{goods.motif}" x="{left}" y="{top}"'
        f' width="{MOTIF_SIDE}" height="{MOTIF_SIDE}"/>'
        for left in range(0, wide, MOTIF_SIDE)
        for top in range(0, high, MOTIF_SIDE)
    )
    return (
        f'<svg x="{x}" y="{y}" width="{w}" height="{h}" viewBox="0 0 {wide} {high}"'
        f' preserveAspectRatio="none" class="c{dye}">{uses}</svg>'
    )


@lru_cache(maxsize=512)
def coop_tile(
    slug: str, motif: str, dye: int, title: str = "", *, kind: str = "tile", sprite: str = SPRITE
) -> Markup:
    """Draw the sign of a cooperative: four patches around a point, its motif in the largest."""
    across, down = (62, 62) if Dice(slug).throw() < 0.5 else (34, 62)
    patches: list[Box] = [
        (0, 0, across, down),
        (across, 0, 96 - across, down),
        (0, down, across, 96 - down),
        (across, down, 96 - across, 96 - down),
    ]
    largest = max(patches, key=lambda patch: patch[2] * patch[3])
    others = iter(FAMILY[dye][1:])
    body = ""
    for x, y, w, h in patches:
        is_largest = (x, y, w, h) == largest
        fill = dye if is_largest else next(others)
        body += f'<rect x="{x}" y="{y}" width="{w}" height="{h}" class="f{fill}"/>'
        if is_largest:
            body += (
                f'<svg x="{x}" y="{y}" width="{w}" height="{h}" viewBox="0 0 {w} {h}" class="cw">'
                f'<use href="{sprite}#m-{motif}" width="96" height="96"/></svg>'
            )
    body += f'<path d="M{across} 0V96M0 {down}H96" class="seam"/>'
    return drawing(kind, 96, 96, body, spoken(title))


def motif_field(motif: str, dye: int, name: str = "", *, sprite: str = SPRITE) -> Markup:
    """Fill the parent with one motif at its own size; dye 0 is the color of the paper.

    `name` must differ for fields that stand on one page with the same motif and dye.
    """
    key = "-".join(part for part in ("field", motif, str(dye), name) if part)
    ink = f"c{dye}" if dye else "cw"
    return Markup(  # noqa: S704
        f'<svg class="patch-svg" aria-hidden="true"><defs><pattern id="{key}" class="{ink}"'
        f' width="{MOTIF_SIDE}" height="{MOTIF_SIDE}" patternUnits="userSpaceOnUse">'
        f'<use href="{sprite}#m-{motif}" width="{MOTIF_SIDE}" height="{MOTIF_SIDE}"/></pattern>'
        f'</defs><rect width="100%" height="100%" fill="url(#{key})"/></svg>'
    )
