"""Stamps: the mark of the house, the seal of a signature, the pattern of a code."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup, escape

from marketplace.drawings.svg import Dice, drawing, spoken

PETAL = "M1.5 1.5C12 2 20 8 21 21C8 20 2 12 1.5 1.5ZM6 6C8 11 11 14 16 16C14 11 11 8 6 6Z"
QUARTERS = (0, 90, 180, 270)
THREADS = (1, 2, 3, 4, 5, 6, 7, 0, 0)  # 0 leaves the ground bare

MARK = (
    '<rect width="24" height="19" class="m1"/><rect x="24" width="16" height="19" class="m2"/>'
    '<rect y="19" width="24" height="21" class="m3"/>'
    '<rect x="24" y="19" width="16" height="21" class="m4"/>'
    '<g class="mp"><path d="M23 18C15 17.5 9 12.5 8.5 3.5C17.5 4 22.5 10 23 18Z"/>'
    '<path d="M25 18C25.5 11.5 29.5 6 37.5 4.5C37 12 32 17.5 25 18Z"/>'
    '<path d="M23 20C22.5 28 17.5 35 8.5 36.5C9 27 15 20.5 23 20Z"/>'
    '<path d="M25 20C32 20.5 37 27 37.5 35.5C29.5 34.5 25.5 28 25 20Z"/></g>'
)


def mark() -> Markup:
    """The mark: four unequal patches, one petal on each, together a flower."""
    return drawing("mark", 40, 40, MARK, spoken(""))


def seal(text: str) -> Markup:
    """A signature's stamp: kawung in a square frame, as dojang and stempel are."""
    squeeze = ' textLength="70" lengthAdjust="spacingAndGlyphs"' if len(text) > 9 else ""
    petals = "".join(
        f'<path transform="rotate({turn})" fill-rule="evenodd" d="{PETAL}"/>' for turn in QUARTERS
    )
    body = (
        '<rect x="2.5" y="2.5" width="83" height="83" fill="none" stroke="currentColor"'
        f' stroke-width="3"/><g transform="translate(44 37)" fill="currentColor">{petals}</g>'
        '<text x="44" y="76" text-anchor="middle" fill="currentColor"'
        f' class="seal-t"{squeeze}>{escape(text)}</text>'
    )
    return drawing("seal", 88, 88, body, spoken(""))


@lru_cache(maxsize=512)
def fingerprint(code: str, title: str = "", *, size: int = 12) -> Markup:
    """A small cloth that follows from `code`, for people to compare by eye.

    It is no machine code; the characters always stand beside it.
    """
    dice = Dice(code)
    stitches: dict[int, str] = {}
    for y in range(size // 2):
        for x in range(size // 2):
            dye = dice.pick(THREADS)
            if dye:
                mirrored = sorted({(a, b) for a in (x, size - 1 - x) for b in (y, size - 1 - y)})
                patches = "".join(f"M{a} {b}h1v1h-1z" for a, b in mirrored)
                stitches[dye] = stitches.get(dye, "") + patches
    body = f'<path class="cl0" d="M0 0h{size}v{size}H0z"/>'
    body += "".join(f'<path class="f{dye}" d="{path}"/>' for dye, path in sorted(stitches.items()))
    return drawing("fp", size, size, body, spoken(title))
