from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict


class StripeUnavailable(Conflict):
    """Stripe did not answer, or not in time; nothing was charged."""

    message = N_("The payment service does not answer. Nothing was charged. Please try again.")


class StripeRefused(Conflict):
    message = N_("The payment service refused: %(reason)s")


class PaymentUnderway(Conflict):
    """A payment was made whose money is still on its way: nothing else is to be paid."""

    message = N_("Your payment is in progress. We tell you as soon as it is confirmed.")


class AlreadyPaid(Conflict):
    message = N_("This is paid already.")
