from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.ledger.errors import NotByHand


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


class LineClassified(Conflict):
    message = N_("It was said already what this line is.")


class NotAPlaceForIt(Invalid):
    message = N_("Choose one of the accounts of the list.")


class NotAStatement(Invalid):
    message = N_("This is neither a camt.053 statement nor a CSV file with the columns below.")


class StatementTooLarge(Invalid):
    message = N_("The file is larger than 5 MB. Please split it by month.")


class StatementUnreadable(Invalid):
    message = N_("Row %(row)s cannot be read: %(text)s")


class StatementFromTheFuture(Invalid):
    message = N_(
        "Row %(row)s is dated %(on)s, which is after today: “%(text)s”. Nothing was taken over."
    )


class StatementEmpty(Invalid):
    message = N_("The statement has no lines.")


class StatementOfOthers(Invalid):
    message = N_("The account %(number)s is not one of ours. Nothing was taken over.")


class StatementCurrency(Invalid):
    message = N_("The statement is in %(found)s, and the account in %(right)s.")


class StatementDoesNotAddUp(Invalid):
    message = N_(
        "The lines do not add up: the balance after them should be %(right)s and is %(found)s."
        " Nothing was taken over."
    )


class AlreadyMatched(Conflict):
    message = N_("This was matched already.")


class DoesNotFit(Invalid):
    message = N_("Choose an entry over the same amount.")


class NotAKindOfLine(NotFound):
    message = N_("A line of a bank is not booked as this.")


class MoneyCame(Invalid):
    message = N_("With this line money came in. Only money that left can be booked as this.")


class MoneyLeft(Invalid):
    message = N_("With this line money left. Only money that came in can be booked as this.")


class BookingWaiting(Conflict):
    message = N_("What this line is was said already, and waits for its second signature.")


class BookingDecided(Conflict):
    message = N_("This proposal is decided already.")


class BookingStale(Conflict):
    message = N_(
        "What this line is about has changed since it was proposed. Withdraw it and look again."
    )


class BookedFromLines(NotByHand):
    message = N_(
        "“%(path)s” follows what Stripe and the banks say, so no adjustment books on it. What one"
        " of their lines is, is said on the page “Reconciliation”; what a bank did with a payout or"
        " a disbursement is noted on the page of that."
    )


class BankNotHeld(NotByHand):
    message = N_(
        "No bank account of ours in %(currency)s stands behind “%(path)s”, so nothing is booked"
        " on it."
    )


class TrustLeft(NotByHand):
    message = N_(
        "By an adjustment, money leaves “%(path)s” only for our own account, assets:bank. Programs"
        " are paid on the page of the program; a fee of the bank is booked from its line, on the"
        " page “Reconciliation”."
    )
