"""Small bars among words: shares of a price, a limit, a row of weeks, a legend's patch."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from marketplace.drawings.svg import drawing, short, spoken

LEAST = 3  # a part too small to see still gets this width


def split_bar(
    parts: Sequence[tuple[float, int]], title: str, *, width: int = 600, height: int = 28
) -> Markup:
    """One bar cut in patches: who gets what of a price. `parts` are (value, dye)."""
    total = sum(value for value, _ in parts) or 1
    x, body = 0.0, ""
    for value, dye in parts:
        wide = width * value / total
        body += (
            f'<rect class="f{dye} bar" x="{short(x)}" y="0"'
            f' width="{short(max(wide, LEAST))}" height="{height}"/>'
        )
        x += wide
    return drawing("splitbar", width, height, body, f'preserveAspectRatio="none" {spoken(title)}')


def meter(
    value: float, top: float, dye: int, title: str = "", *, width: int = 400, height: int = 12
) -> Markup:
    """A bar against a limit; it stops at the limit."""
    filled = width * min(value / top, 1) if top > 0 else 0
    body = (
        f'<rect class="cl0" width="{width}" height="{height}"/>'
        f'<rect class="f{dye} bar" width="{short(max(filled, 0))}" height="{height}"/>'
    )
    return drawing("meter", width, height, body, f'preserveAspectRatio="none" {spoken(title)}')


def spark(values: Sequence[float], dye: int = 1, *, width: int = 120, height: int = 32) -> Markup:
    """A row of bars small enough for a table cell; the numbers stand beside it."""
    top = max(values, default=0) or 1
    step = width / max(len(values), 1)
    body = "".join(
        f'<rect class="f{dye}" x="{short(i * step + 1)}" y="{short(height - height * value / top)}"'
        f' width="{short(step - 2)}" height="{short(height * value / top)}"/>'
        for i, value in enumerate(values)
    )
    return drawing("spark", width, height, body, spoken(""))


def swatch(kind: str) -> Markup:
    """The patch before a legend's words; `kind` is a class such as f1, g4, cl0 or cl-run."""
    return drawing("swatch", 10, 10, f'<rect width="10" height="10" class="{kind}"/>', spoken(""))
