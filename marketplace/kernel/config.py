"""Settings: read once from the environment into one typed object."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

# What the money of funds is called in exported books: a question of the legal form.
FUNDS = ("liabilities", "net-assets")
DEMO_SENDER = "BMRIIDJA:1370000000001:Lumbung demo"
DEMO_BANK_ACCOUNTS = "own:KRW:10012345678901,trust:KRW:10098765432109"
# Which account of the ledger a bank account is.
BANK_PATHS = {"own": "assets:bank", "trust": "assets:bank-trust"}


class ConfigError(Exception):
    """A setting is missing or contradicts another; the sentence says what to do."""


@dataclass(frozen=True)
class Sender:
    """The account that payouts are paid from."""

    bic: str
    number: str
    name: str


@dataclass(frozen=True)
class OwnBankAccount:
    """A bank account of ours, whose statements are read; `path` is its account in the ledger."""

    path: str
    currency: str
    number: str


@dataclass(frozen=True, kw_only=True)
class Config:
    """What the environment decides. `demo` means made-up data and Stripe's stand-in."""

    secret_key: str
    database_url: str
    instance: Path
    demo: bool = False
    media: Path
    base_url: str = "http://127.0.0.1:5000"
    stripe_secret_key: str = ""
    stripe_webhook_secrets: tuple[str, ...] = ()
    stripe_api_base: str = ""
    stripe_checkout_origin: str = "https://checkout.stripe.com"
    smtp_url: str = ""
    demo_password: str = ""
    ledger_key: str = ""
    ledger_public_key: str = ""
    oldest_rate_days: int = 3
    oldest_closing_rate_days: int = 3
    payout_minimum_rupiah: int = 50_000
    payout_from: Sender | None = None
    bank_accounts: tuple[OwnBankAccount, ...] = ()
    rate_limits: bool = True
    signing_needs_code: bool = False
    funds: str = "liabilities"
    old_secret_keys: tuple[str, ...] = field(default=())

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    def field_keys(self) -> list[bytes]:
        """Keys of encrypted columns, newest first, derived from the secret keys."""
        return [
            base64.urlsafe_b64encode(hashlib.sha256(b"lumbung-fields:" + key.encode()).digest())
            for key in (self.secret_key, *self.old_secret_keys)
        ]


def read_config(environ: Mapping[str, str], root: Path) -> Config:
    """Read and check the settings. Raises ConfigError with one sentence."""
    demo = environ.get("LUMBUNG_DEMO", "") in {"1", "true", "yes"}
    instance = Path(environ.get("LUMBUNG_INSTANCE", root / "instance")).resolve()
    secret_key = environ.get("SECRET_KEY", "")
    if not secret_key and not demo:
        raise ConfigError("Set SECRET_KEY to a long random text, or LUMBUNG_DEMO=1 for a demo.")
    stripe_key = environ.get("STRIPE_SECRET_KEY", "sk_test_demo0001" if demo else "")
    api_base = environ.get("STRIPE_API_BASE", "")
    _check_stripe(stripe_key, api_base, demo=demo)
    media = environ.get("MEDIA_URL", f"file:{instance / 'media'}")
    if urlsplit(media).scheme != "file":
        raise ConfigError("MEDIA_URL must start with file: – other stores are not supported yet.")
    funds = environ.get("LUMBUNG_FUNDS", "liabilities")
    if funds not in FUNDS:
        raise ConfigError(f"LUMBUNG_FUNDS must be one of: {', '.join(FUNDS)}.")
    secrets = (
        environ.get("STRIPE_WEBHOOK_SECRET", "whsec_standin" if demo else ""),
        environ.get("STRIPE_WEBHOOK_SECRET_OLD", ""),
    )
    return Config(
        secret_key=secret_key or "demo-only-not-a-secret-key",
        old_secret_keys=tuple(key for key in [environ.get("SECRET_KEY_OLD", "")] if key),
        database_url=_database_url(environ.get("DATABASE_URL", ""), instance),
        instance=instance,
        demo=demo,
        media=Path(urlsplit(media).path),
        base_url=environ.get("LUMBUNG_BASE_URL", "http://127.0.0.1:5000").rstrip("/"),
        stripe_secret_key=stripe_key,
        stripe_webhook_secrets=tuple(secret for secret in secrets if secret),
        stripe_api_base=api_base,
        stripe_checkout_origin=_origin(api_base) or "https://checkout.stripe.com",
        smtp_url=environ.get("SMTP_URL", ""),
        demo_password=environ.get("LUMBUNG_DEMO_PASSWORD", "lumbung-demo" if demo else ""),
        ledger_key=environ.get("LUMBUNG_LEDGER_KEY", ""),
        ledger_public_key=environ.get("LUMBUNG_LEDGER_PUBLIC_KEY", ""),
        payout_minimum_rupiah=_whole(environ, "LUMBUNG_PAYOUT_MINIMUM", 50_000),
        payout_from=_sender(environ.get("LUMBUNG_PAYOUT_FROM", DEMO_SENDER if demo else "")),
        bank_accounts=_bank_accounts(
            environ.get("LUMBUNG_BANK_ACCOUNTS", DEMO_BANK_ACCOUNTS if demo else "")
        ),
        # The demo's exchange rates end on one day; its pages name that day.
        oldest_rate_days=36_500 if demo else 3,
        oldest_closing_rate_days=36_500 if demo else 3,
        rate_limits=environ.get("LUMBUNG_RATE_LIMITS", "1") != "0",
        signing_needs_code=environ.get("LUMBUNG_SIGNING_NEEDS_CODE", "") in {"1", "true", "yes"},
        funds=funds,
    )


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "") or str(default)
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ConfigError(f"{name} must be whole rupiah, such as 50000.")
    return int(text)


def _sender(text: str) -> Sender | None:
    if not text:
        return None
    found = re.fullmatch(r"([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?):([0-9]{6,34}):(.{1,70})", text)
    if found is None:
        raise ConfigError("LUMBUNG_PAYOUT_FROM must be BIC:account:name, separated by colons.")
    return Sender(*found.groups())


def _bank_accounts(text: str) -> tuple[OwnBankAccount, ...]:
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        shape = re.fullmatch(r"(own|trust):([A-Z]{3}):([0-9A-Za-z-]{6,40})", part)
        if shape is None:
            raise ConfigError(
                "LUMBUNG_BANK_ACCOUNTS must be own:KRW:number,trust:KRW:number with your numbers."
            )
        kind, currency, number = shape.groups()
        found.append(OwnBankAccount(BANK_PATHS[kind], currency, number.replace("-", "")))
    return tuple(found)


def _check_stripe(key: str, api_base: str, *, demo: bool) -> None:
    if demo and "_live_" in key:
        raise ConfigError("A live Stripe key cannot be used in demo mode. Use a test key.")
    if not demo and not key:
        raise ConfigError("Set STRIPE_SECRET_KEY, or LUMBUNG_DEMO=1 for a demo.")
    if api_base and "_live_" in key:
        raise ConfigError("STRIPE_API_BASE is for the stand-in and needs a test key.")


def _database_url(url: str, instance: Path) -> str:
    if not url:
        return f"sqlite:///{instance / 'lumbung.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    raise ConfigError("DATABASE_URL must start with sqlite:/// or postgresql://.")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
