"""The addresses a visitor of the demo may sign in with."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_babel import gettext as _

from marketplace.kernel.config import Config

DOMAIN = "demo.lumbung.example"


@dataclass(frozen=True)
class DemoAccount:
    email: str
    who: str


@dataclass(frozen=True)
class Demo:
    accounts: list[DemoAccount]
    password: str


def demo_accounts(app: Flask) -> Demo | None:
    """The demo's people and their password; None outside the demo."""
    config: Config = app.config["LUMBUNG"]
    if not config.demo:
        return None
    people = [
        ("buyer", _("Buyer in Korea")),
        ("coop", _("Cooperative in Indonesia")),
        ("kotra", _("KOTRA partner")),
        ("admin1", _("Administrator")),
        ("admin2", _("Second administrator")),
        ("auditor", _("Auditor, reads only")),
    ]
    accounts = [DemoAccount(f"{name}@{DOMAIN}", who) for name, who in people]
    return Demo(accounts, config.demo_password)
