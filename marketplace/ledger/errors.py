"""What the books refuse."""

from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound


class Unbalanced(Invalid):
    message = N_("The entry does not balance: %(difference)s is left over.")


class OneSided(Invalid):
    message = N_("An entry needs at least two lines.")


class ZeroLine(Invalid):
    message = N_("A line of an entry cannot be zero.")


class UnknownAccount(Invalid):
    message = N_("The chart of accounts has no place for “%(path)s”.")


class AccountClosed(Conflict):
    message = N_("The account “%(code)s” is closed.")


class AccountNotFound(NotFound):
    message = N_("There is no account “%(code)s”.")


class EntryNotFound(NotFound):
    message = N_("There is no such journal entry.")


class PolicyMissing(NotFound):
    message = N_("No division of “%(scope)s” is in force yet.")


class IdempotencyConflict(Conflict):
    message = N_("Another entry is already booked under “%(key)s”.")


class AlreadyReversed(Conflict):
    message = N_("This entry is already reversed.")


class PeriodClosed(Conflict):
    message = N_("The books of %(day)s are closed.")


class Overdrawn(Conflict):
    message = N_("Only %(available)s is left in “%(path)s”.")


class NotWhole(Invalid):
    message = N_("The shares must add up to 100%%, not %(percent)s%%.")


class SelfApproval(Conflict):
    message = N_("Two different people must propose and approve.")
