from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict


class StripeUnavailable(Conflict):
    """Stripe did not answer, or not in time; nothing was charged."""

    message = N_("The payment service does not answer. Nothing was charged. Please try again.")


class StripeRefused(Conflict):
    message = N_("The payment service refused: %(reason)s")


class AlreadyPaid(Conflict):
    message = N_("This is paid already.")
