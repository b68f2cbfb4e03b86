from __future__ import annotations

import re

from marketplace.accounts.errors import EmailInvalid, PasswordTooShort

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
LONGEST_EMAIL = 254

_ADDRESS = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")


def normalize_email(text: str) -> str:
    """The address as it is kept: trimmed, lower case. Raises EmailInvalid for other shapes."""
    email = text.strip().lower()
    if len(email) > LONGEST_EMAIL or not _ADDRESS.fullmatch(email):
        raise EmailInvalid
    return email


def check_password(password: str) -> None:
    """Raise PasswordTooShort for fewer than ten characters. No other recipe is asked for."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(length=SHORTEST_PASSWORD)
