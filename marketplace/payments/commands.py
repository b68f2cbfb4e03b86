"""What the worker does for payments: the mirror of our account with Stripe."""

from __future__ import annotations

import structlog

from marketplace.kernel.time import now
from marketplace.payments.errors import StripeUnavailable
from marketplace.payments.mirror import sync

log = structlog.get_logger()


def mirror_stripe() -> int:
    """Keep and match what is new at Stripe; returns how many lines were new."""
    try:
        return sync(at=now())
    except StripeUnavailable:
        log.warning("Stripe does not answer; its lines wait")
        return 0
