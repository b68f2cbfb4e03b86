"""Korean typesetting that neither fonts nor CSS do by themselves."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

WORD_JOINER, NO_BREAK_SPACE = "\u2060", "\u00a0"
_BETWEEN_HANGUL = re.compile(r"(?<=[가-힣])·(?=[가-힣])")
_SEPARATOR = re.compile(r" · ")
_WON = re.compile(r"(?<=\d)원")


def hold_dots(text: str) -> str:
    """Keep a middle dot on the line of the word before it, so no line starts with a dot."""
    text = _BETWEEN_HANGUL.sub(f"{WORD_JOINER}·", text)
    return _SEPARATOR.sub(f"{NO_BREAK_SPACE}· ", text)


def small_won(amount: str) -> Markup:
    """Set 원 after a price smaller than its figure; other currencies stay as they are."""
    return Markup(_WON.sub('<span class="won">원</span>', str(escape(amount))))  # noqa: S704
