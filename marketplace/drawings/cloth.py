"""The cloth of patches: progress to a goal, one patch for one program."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from marketplace.drawings.dyes import BARK, CELADON, GARDENIA, INDIGO, LEAF, MADDER, SAPPAN
from marketplace.drawings.svg import Dice, drawing, spoken

Cell = tuple[int, int, int, int]

# How often each dye is taken from the bag.
BAG = (
    *(INDIGO, INDIGO, INDIGO, GARDENIA, GARDENIA, MADDER, LEAF, LEAF),
    *(BARK, SAPPAN, CELADON, CELADON, CELADON, INDIGO, GARDENIA),
)


@lru_cache(maxsize=64)
def cloth(
    goal: int,
    done: int,
    running: int,
    seed: str,
    title: str,
    *,
    width: int = 1000,
    height: int = 400,
) -> Markup:
    """Sew `goal` patches: `done` dyed, the next `running` outlined with thread, the rest undyed.

    One path for each dye keeps 500 patches near 3 KB on the wire.
    """
    dice = Dice(seed)
    cells = _sewing_order(_cut((0, 0, width, height), goal, dice), dice)
    dyed: dict[int, list[str]] = {dye: [] for dye in range(1, 8)}
    outlined: list[str] = []
    undyed: list[str] = []
    for i, cell in enumerate(cells):
        if i < done:
            dyed[dice.pick(BAG)].append(_patch(cell))
            continue
        undyed.append(_patch(cell))
        if i < done + running:
            outlined.append(_patch(cell, inset=3))
    body = f'<path class="cl0" d="{"".join(undyed)}"/>'
    body += "".join(
        f'<path class="f{dye} clx" d="{"".join(patches)}"/>'
        for dye, patches in dyed.items()
        if patches
    )
    if outlined:
        body += f'<path class="cl-run" d="{"".join(outlined)}"/>'
    return drawing("cloth500", width, height, body, spoken(title))


def _patch(cell: Cell, inset: int = 0) -> str:
    x, y, w, h = cell
    wide, high = w - 2 * inset, h - 2 * inset
    return f"M{x + inset} {y + inset}h{wide}v{high}h-{wide}z"


def _cut(cell: Cell, pieces: int, dice: Dice) -> list[Cell]:
    """Cut one piece of cloth into `pieces`, each cut across the longer side, more or less."""
    x, y, w, h = cell
    if pieces <= 1:
        return [cell] * pieces
    first = max(1, min(pieces - 1, round(pieces * (0.36 + 0.28 * dice.throw()))))
    if w * (0.8 + 0.4 * dice.throw()) >= h:
        at = min(max(round(w * first / pieces), 1), w - 1)
        halves = (x, y, at, h), (x + at, y, w - at, h)
    else:
        at = min(max(round(h * first / pieces), 1), h - 1)
        halves = (x, y, w, at), (x, y + at, w, h - at)
    return _cut(halves[0], first, dice) + _cut(halves[1], pieces - first, dice)


def _sewing_order(cells: list[Cell], dice: Dice) -> list[Cell]:
    """A front that moves from the left edge, uneven as real work is."""
    return sorted(
        cells,
        key=lambda c: (c[0] + c[2] / 2) + 150 * dice.throw() + 0.12 * (c[1] + c[3] / 2),
    )
