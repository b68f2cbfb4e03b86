"""Charts: stacked bars and areas with few, round ticks; under 440 wide the text is for phones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from marketplace.drawings.svg import drawing, short, spoken

Format = Callable[[float], str]
ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Frame:
    """The field between the axes."""

    width: int
    height: int
    top: float
    right: int
    above: int
    below: int = 30

    @property
    def left(self) -> int:
        return 34 if self.is_small else 56

    @property
    def is_small(self) -> bool:
        return self.width < 440

    @property
    def wide(self) -> int:
        return self.width - self.left - self.right

    @property
    def high(self) -> int:
        return self.height - self.above - self.below

    @property
    def floor(self) -> int:
        return self.above + self.high

    def grid(self, ticks: int, show: Format) -> str:
        out = ""
        for i in range(ticks + 1):
            y = self.above + self.high * i / ticks
            out += (
                f'<path class="grid" d="M{self.left} {short(y)}H{self.width - self.right}"/>'
                f'<text class="ax ae" x="{self.left - 8}" y="{short(y + 4)}">'
                f"{escape(show(self.top * (1 - i / ticks)))}</text>"
            )
        return out

    def label(self, x: float, text: str, anchor: str = "am") -> str:
        return (
            f'<text class="ax {anchor}" x="{short(x)}" y="{self.height - 9}">{escape(text)}</text>'
        )

    def draw(self, body: str, title: str) -> Markup:
        kind = "chart is-s" if self.is_small else "chart"
        return drawing(kind, self.width, self.height, body, spoken(title))


def round_top(value: float) -> float:
    """The next round number, so that ticks are round too."""
    power: float = 10 ** (len(str(int(value))) - 1)
    return next(step * power for step in ROUND if value <= step * power)


def stacked(
    rows: Sequence[tuple[str, Sequence[float]]],
    dyes: Sequence[int],
    title: str,
    show: Format,
    *,
    width: int = 560,
    height: int = 260,
    ticks: int = 4,
    every: int = 1,
) -> Markup:
    """Bars in layers, one dye each; with one value per row a plain bar chart.

    `rows` are (label, values); every `every`th label is written.
    """
    highest = max((sum(values) for _, values in rows), default=0)
    frame = Frame(width, height, round_top(highest), right=8, above=14)
    step = frame.wide / max(len(rows), 1)
    bar = min(44, step * 0.64)
    body = frame.grid(ticks, show)
    for i, (label, values) in enumerate(rows):
        x, y = frame.left + step * i + (step - bar) / 2, float(frame.floor)
        for value, dye in zip(values, dyes, strict=False):
            tall = frame.high * value / frame.top
            y -= tall
            body += (
                f'<rect class="f{dye} bar" x="{short(x)}" y="{short(y)}"'
                f' width="{short(bar)}" height="{short(tall)}"/>'
            )
        if i % every == 0:
            body += frame.label(x + bar / 2, label)
    body += f'<path class="base" d="M{frame.left} {frame.floor}H{width - frame.right}"/>'
    return frame.draw(body, title)


def area(
    points: Sequence[tuple[str, float]],
    dye: int,
    title: str,
    show: Format,
    *,
    width: int = 560,
    height: int = 220,
    ticks: int = 3,
    every: int = 1,
) -> Markup:
    """A running total: the area under a line, with the last value written at its end."""
    highest = max((value for _, value in points), default=0)
    frame = Frame(width, height, round_top(highest), right=14, above=18)
    gaps = max(len(points) - 1, 1)
    xs = [frame.left + frame.wide * i / gaps for i in range(len(points))]
    ys = [frame.above + frame.high * (1 - value / frame.top) for _, value in points]
    body = frame.grid(ticks, show)
    if points:
        line = "L".join(f"{short(x)} {short(y)}" for x, y in zip(xs, ys, strict=True))
        body += (
            f'<path class="g{dye}" d="M{frame.left} {frame.floor}L{line}'
            f'L{short(xs[-1])} {frame.floor}Z"/><path class="ln s{dye}" d="M{line}"/>'
        )
        body += _labels(frame, points, xs, every)
        body += (
            f'<rect class="f{dye}" x="{short(xs[-1] - 5)}" y="{short(ys[-1] - 5)}"'
            f' width="10" height="10"/><text class="vl ae" x="{short(xs[-1])}"'
            f' y="{short(ys[-1] - 11)}">{escape(show(points[-1][1]))}</text>'
        )
    return frame.draw(body, title)


def _labels(
    frame: Frame, points: Sequence[tuple[str, float]], xs: Sequence[float], every: int
) -> str:
    """Counted from the end, where the line arrives: the last point always has its label."""
    last = len(points) - 1
    return "".join(
        frame.label(xs[i], label, "ae" if i == last else "am")
        for i, (label, _) in enumerate(points)
        if (last - i) % every == 0 and (i == last or xs[-1] - xs[i] > 60)
    )
