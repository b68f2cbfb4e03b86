"""Parts that higher rooms add to the page of a cooperative: its goods, its programs."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from marketplace.cooperatives.models import Cooperative

Part = Callable[[Cooperative], Markup | str]

_parts: list[tuple[int, Part]] = []


def on_cooperative_page(function: Part, *, place: int = 50) -> Part:
    """Show what `function(cooperative)` renders, parts with a smaller `place` first.

    It returns a whole `<section>` (an empty text for nothing): goods 10, programs 30.
    """
    if all(known is not function for _, known in _parts):
        _parts.append((place, function))
        _parts.sort(key=lambda part: part[0])
    return function


def parts_of(cooperative: Cooperative) -> list[Markup | str]:
    return [part for _, function in _parts if (part := function(cooperative))]
