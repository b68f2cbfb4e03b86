"""Codes of an authenticator app: six digits that change every thirty seconds (RFC 6238)."""

from __future__ import annotations

from datetime import datetime

from pyotp import TOTP, random_base32
from pyotp.utils import strings_equal

DIGITS = 6
# The phone's clock may be half a minute off, and typing takes a while.
DRIFT = 1


def new_secret() -> str:
    """160 bits as Base32, as people type it into an app."""
    return random_base32()


def find_step(secret: str, code: str, at: datetime) -> int | None:
    """The half minute near `at` that `code` is of, if it is of any."""
    app = TOTP(secret)
    fitting = [
        app.timecode(at) + late
        for late in range(-DRIFT, DRIFT + 1)
        if strings_equal(app.at(at, counter_offset=late), code)
    ]
    return max(fitting, default=None)


def key_uri(secret: str, account: str) -> str:
    """What an app opens, or reads off the screen, to take the secret over."""
    return TOTP(secret).provisioning_uri(name=account, issuer_name="Lumbung")
