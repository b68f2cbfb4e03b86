"""The settings of one stand-in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from .money import KOREAN_METHODS, Fees

CONNECT_COUNTRIES = (
    *("US", "CA", "GB", "CH"),
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
    *("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
)


@dataclass(kw_only=True)
class Config:
    """What the README's table of options describes, in-process.

    Port 0 picks a free one; the server writes the chosen one back. Times are
    in seconds, `payout_delay` is in days.
    """

    host: str = "127.0.0.1"
    port: int = 12111
    seed: int | None = None
    api_key: str | None = None
    platform: str = "acct_1StandInPlatfrm"
    seller: str = "Demo marketplace"
    descriptor: str = "DEMO MARKETPLACE"
    payment_methods: tuple[str, ...] = ("card", *KOREAN_METHODS)
    connect_countries: tuple[str, ...] = CONNECT_COUNTRIES
    payout_delay: int = 2
    balance_delay: float = 0.0
    fees: Fees = field(default_factory=Fees)
    log: str | None = None
    state: str | None = None
    check: bool = False
    strict_version: bool = False
    open_enums: bool = False
    spec_path: str | None = None
    webhook_url: str | None = None
    webhook_secret: str = "whsec_standin"
    webhook_events: tuple[str, ...] = ("*",)
    webhook_attempts: int = 6
    webhook_retry_base: float = 1.0
    webhook_timeout: float = 10.0
    quiet: bool = False

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise ValueError(
                f"the stand-in listens on a loopback address only, not on {self.host!r}"
            )

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
