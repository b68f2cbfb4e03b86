"""What people type, without what nobody can see."""

from __future__ import annotations

import unicodedata

# Of the categories of Unicode that do not print, those that nobody misses.
NO_TEXT = {"Cc", "Cs"}
UNSEEN = {*NO_TEXT, "Cf"}
# Letters and signs to Unicode, blank to everyone who looks.
_BLANK = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"))
# Turn the direction of what follows, or shut it in.
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0xFEFF])


def one_line(text: str) -> str:
    """Composed (NFC), one space between words, no control and no invisible characters."""
    seen = " ".join(text.split())
    if not seen.isprintable():
        seen = "".join(sign for sign in seen if unicodedata.category(sign) not in UNSEEN)
    return " ".join(unicodedata.normalize("NFC", seen.translate(_BLANK)).split())


def readable(text: str) -> str:
    """Longer text: its lines and joined emoji stay, control characters and turns go."""
    seen = text.translate(_TURNS)
    if not seen.isprintable():
        seen = "".join(
            sign for sign in seen if sign in "\n\r\t" or unicodedata.category(sign) not in NO_TEXT
        )
    cleaned = unicodedata.normalize("NFC", seen)
    return cleaned if one_line(cleaned) else ""


def narrow(text: str) -> str:
    """Digits and letters as a Latin keyboard has them, without spaces: `０１０ １２` is `01012`."""
    return "".join(one_line(unicodedata.normalize("NFKC", text)).split())
