"""Flow of money: nodes in columns, bands between them as wide as the amounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from markupsafe import Markup, escape

from marketplace.drawings.svg import drawing, short, spoken

NODE_WIDTH = 14
BESIDE = 10
"""From a node to its words."""
LEAST_NODE, LEAST_BAND = 3, 1.5


@dataclass(frozen=True)
class Node:
    key: str
    label: str
    dye: int
    note: str = ""


@dataclass
class _Place:
    """Where a node stands, and how much of its sides is taken by bands so far."""

    x: float
    y: float
    height: float
    leaving: float
    arriving: float


Link = tuple[str, str, float]


def flow(
    columns: Sequence[Sequence[Node]],
    links: Sequence[Link],
    title: str,
    show: Callable[[float], str],
    *,
    width: int = 1120,
    height: int = 420,
    gap: int = 26,
    label_width: int = 190,
    reach: bool = False,
) -> Markup:
    """Draw `links` (from, to, value) between `columns` of nodes.

    A node is as high as the larger of what comes in and what goes out. Bands take the wash of
    the node they leave, or with `reach` of the node they come to. Right of the last column are
    `label_width` pixels, or more where its names are longer.
    """
    names = [_written(node.label) for node in columns[-1]] if columns else []
    label_width = max(label_width, *(BESIDE + long for long in names), 0)
    values = _node_values(columns, links)
    scale = _scale(columns, values, height - 30, gap)
    places = _place(columns, values, scale, width - label_width, height, gap)
    dyes = {node.key: node.dye for column in columns for node in column}
    bands = ""
    for start, end, value in links:
        thick = max(value * scale, LEAST_BAND)
        bands += _band(places[start], places[end], thick, dyes[end if reach else start])
    nodes = "".join(
        _node(node, places[node.key], show(values[node.key]))
        for column in columns
        for node in column
    )
    return drawing("flow-svg", width, height, bands + nodes, spoken(title))


def _written(words: str) -> int:
    """About how wide `words` are drawn in the bold of 14 pixels."""
    return sum(14 if east_asian_width(sign) in {"W", "F"} else 9 for sign in words)


def _node_values(columns: Sequence[Sequence[Node]], links: Sequence[Link]) -> dict[str, float]:
    coming: defaultdict[str, float] = defaultdict(float)
    going: defaultdict[str, float] = defaultdict(float)
    for start, end, value in links:
        going[start] += value
        coming[end] += value
    return {
        node.key: max(coming[node.key], going[node.key]) for column in columns for node in column
    }


def _scale(
    columns: Sequence[Sequence[Node]], values: dict[str, float], room: float, gap: int
) -> float:
    """Pixels for one unit of money, so that the fullest column fits."""
    return min(
        (
            (room - gap * (len(column) - 1)) / (sum(values[node.key] for node in column) or 1)
            for column in columns
            if column
        ),
        default=1,
    )


def _place(
    columns: Sequence[Sequence[Node]],
    values: dict[str, float],
    scale: float,
    right: float,
    height: int,
    gap: int,
) -> dict[str, _Place]:
    most = max((len(column) for column in columns), default=0)
    places = {}
    for i, column in enumerate(columns):
        x = (right - NODE_WIDTH) * i / max(len(columns) - 1, 1)
        heights = [max(values[node.key] * scale, LEAST_NODE) for node in column]
        # Fewer nodes leave more room for their labels, as far as there is room.
        room = gap if len(column) == most else gap * 1.6
        room = min(room, (height - 30 - sum(heights)) / max(len(column) - 1, 1))
        y = 22 + (height - 30 - sum(heights) - room * (len(column) - 1)) / 2
        for node, tall in zip(column, heights, strict=True):
            places[node.key] = _Place(x, y, tall, y, y)
            y += tall + room
    return places


def _band(start: _Place, end: _Place, thick: float, dye: int) -> str:
    """A band between two nodes; both remember that this much of their side is taken."""
    left, right = start.x + NODE_WIDTH, end.x
    bend = short((left + right) / 2)
    y1, y2 = start.leaving, end.arriving
    start.leaving += thick
    end.arriving += thick
    return (
        f'<path class="g{dye} band" d="M{short(left)} {short(y1)}'
        f"C{bend} {short(y1)} {bend} {short(y2)} {short(right)} {short(y2)}"
        f"V{short(y2 + thick)}C{bend} {short(y2 + thick)} {bend} {short(y1 + thick)}"
        f' {short(left)} {short(y1 + thick)}Z"/>'
    )


def _node(node: Node, place: _Place, amount: str) -> str:
    x, middle = short(place.x + NODE_WIDTH + BESIDE), place.y + place.height / 2
    note = f"\u00a0· {node.note}" if node.note else ""
    return (
        f'<rect class="f{node.dye} bar" x="{short(place.x)}" y="{short(place.y)}"'
        f' width="{NODE_WIDTH}" height="{short(place.height)}"/>'
        f'<text class="fl" x="{x}" y="{short(middle - 2)}">{escape(node.label)}</text>'
        f'<text class="fv" x="{x}" y="{short(middle + 16)}">{escape(amount)}{escape(note)}</text>'
    )
