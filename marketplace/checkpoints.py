"""Checkpoints of balances at work: when one is taken, and how all are taken anew."""

from __future__ import annotations

from marketplace.kernel.db import transaction
from marketplace.kernel.time import now
from marketplace.ledger.operations import take_checkpoint
from marketplace.ledger.queries.checkpoints import find_growth, whole_growth

LEAST = 250
"""Fewer entries are added up as quickly as a checkpoint is read."""
MOST = 5_000
"""Entries per checkpoint: no writer waits longer than it takes to look through these."""


def keep_balances() -> int:
    """Keep balances as far as entries are sealed; returns how many checkpoints were taken."""
    taken = 0
    while growth := find_growth(least=LEAST, most=MOST):
        with transaction():
            checkpoint = take_checkpoint(growth, at=now())
        if checkpoint is None:
            break
        taken += 1
    return taken


def keep_balances_anew() -> bool:
    """Count everything that is sealed from the beginning, whatever was kept before."""
    growth = whole_growth()
    with transaction():
        return take_checkpoint(growth, at=now()) is not None
