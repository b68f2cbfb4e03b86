"""Codes people read aloud: Crockford's base 32, without I, L, O and U."""

from __future__ import annotations

import secrets
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def random_code(length: int) -> str:
    bits = secrets.randbits(5 * length)
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(0, 5 * length, 5))


def receipt_code() -> str:
    """A code of 60 random bits such as `7K4M-92QX-5TPA`."""
    code = random_code(12)
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def normalize_code(text: str) -> str:
    """What the reader meant: upper case, O as 0, I and L as 1, grouped in fours."""
    folded = text.upper().translate(str.maketrans("OIL", "011"))
    bare = "".join(sign for sign in folded if sign in ALPHABET)
    return "-".join(bare[i : i + 4] for i in range(0, len(bare), 4))


def dated_number(prefix: str, at: datetime) -> str:
    """A number with its day, unguessable in sequence: `L-260418-7K4M2`."""
    return f"{prefix}-{at:%y%m%d}-{random_code(5)}"


def time_ordered_id(at: datetime) -> int:
    """A 63-bit id: milliseconds since 1970 shifted by 22, then 22 random bits."""
    return (int(at.timestamp() * 1000) << 22) | secrets.randbits(22)
