"""Accounts of the load's buyers."""

from __future__ import annotations

from marketplace.accounts.operations import create_user
from marketplace.accounts.queries import find_user_by_email
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now

CLIENTS = 4
PASSWORD = "a-load-of-orders"


def email_of(number: int) -> str:
    return f"load{number}@demo.lumbung.example"


def open_accounts() -> None:
    """One buyer for each client; a repeat is harmless."""
    for number in range(CLIENTS):
        if find_user_by_email(email_of(number)) is None:
            with transaction():
                create_user(email_of(number), "김하은", PASSWORD, locale="ko", at=now())
