"""What nobody books by hand, because lines of Stripe and of banks say it.

Our own account at the bank stays free: what no other page books, such as capital or interest, is an
adjustment, and the bank's line is then matched with it. Rule: docs/adr/0011-adjustments-and-lots.md
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app

from marketplace.kernel.config import Config
from marketplace.ledger.drafts import Line
from marketplace.payments.errors import BankNotHeld, BookedFromLines, TrustLeft
from marketplace.payments.recon_queries import BANKS, STRIPE

OWN, TRUST = BANKS
MIRRORED = (
    STRIPE,
    "assets:stripe:unclassified",
    "assets:bank-transit",
    "assets:payout-transit",
    "assets:disburse-transit",
    "assets:disputes",
)


def refuse_adjustment(lines: Sequence[Line]) -> None:
    """Raise BookedFromLines for what mirrors others, BankNotHeld for a bank account that the
    settings do not name, TrustLeft where trust money would be spent.
    """
    config: Config = current_app.config["LUMBUNG"]
    held = {(account.path, account.currency) for account in config.bank_accounts}
    for line in lines:
        currency = line.amount.currency
        if line.path in MIRRORED:
            raise BookedFromLines(path=line.path)
        if line.path in BANKS and (line.path, currency) not in held:
            raise BankNotHeld(path=line.path, currency=currency)
    if -_moved(lines, TRUST) > max(0, _moved(lines, OWN)):
        raise TrustLeft(path=TRUST)


def _moved(lines: Sequence[Line], path: str) -> int:
    return sum(line.amount.minor for line in lines if line.path == path)
