"""Small tools every drawing uses: short numbers, safe text, and dice that always fall the same."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from markupsafe import Markup, escape

SPRITE = "/static/sprite.svg"
MASK = 0xFFFFFFFFFFFFFFFF

T = TypeVar("T")


class Dice:
    """Numbers that look thrown but follow from `seed`, the same in every Python version."""

    def __init__(self, seed: str) -> None:
        self._state = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "big") or 1

    def throw(self) -> float:
        """A number from 0 up to, but not including, 1."""
        x = self._state
        x ^= (x << 13) & MASK
        x ^= x >> 7
        x ^= (x << 17) & MASK
        self._state = x
        return (x >> 11) / float(1 << 53)

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.throw() * len(items))]


def short(value: float) -> str:
    """At most one decimal, as few characters as possible."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def spoken(title: str) -> str:
    """What screen readers get: the title, or nothing where the words stand beside the drawing."""
    return f'role="img" aria-label="{escape(title)}"' if title else 'aria-hidden="true"'


def drawing(kind: str, width: float, height: float, body: str, more: str) -> Markup:
    """The outer element. `body` and `more` must be built from escaped text."""
    box = f"0 0 {short(width)} {short(height)}"
    return Markup(f'<svg class="{kind}" viewBox="{box}" {more}>{body}</svg>')  # noqa: S704
