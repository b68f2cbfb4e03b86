"""Codes of an authenticator app: six digits that change every thirty seconds.

Rule: RFC 6238 with HMAC-SHA-1, which all such apps have; RFC 4226 §5.3 for the digits.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

SECONDS = 30
DIGITS = 6
# The phone's clock may be half a minute off, and typing takes a while.
DRIFT = 1


def new_secret() -> str:
    """160 bits as Base32, as people type it into an app."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_at(at: datetime) -> int:
    """The number of the half minute."""
    return int(at.timestamp()) // SECONDS


def code_of(secret: str, step: int) -> str:
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(secret: str, code: str, at: datetime) -> int | None:
    """The half minute near `at` that `code` is of, if it is of any."""
    now = step_at(at)
    fitting = [
        step
        for step in range(now - DRIFT, now + DRIFT + 1)
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode())
    ]
    return max(fitting, default=None)


def key_uri(secret: str, account: str) -> str:
    """What an app on the same device opens to take the secret over."""
    label = quote(f"Lumbung:{account}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': 'Lumbung'})}"
