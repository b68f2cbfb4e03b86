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
    message = N_("No division was in force on that day yet.")


class IdempotencyConflict(Conflict):
    message = N_("Another entry is already booked under “%(key)s”.")


class AlreadyReversed(Conflict):
    message = N_("This entry is already reversed.")


class PeriodClosed(Conflict):
    message = N_("The books of %(day)s are closed.")


class KeyUnreadable(Invalid):
    message = N_("This is no key for the seal of the ledger.")


class NoteUnreadable(Invalid):
    message = N_("This is no signed head of the ledger.")


class SealBroken(Conflict):
    message = N_("The seal does not fit its last head; nothing more is sealed.")


class SealForked(Conflict):
    message = N_("A head of %(size)s leaves was seen that the ledger does not have.")


class NotSealed(NotFound):
    message = N_("This is not sealed yet.")


class Overdrawn(Conflict):
    message = N_("Only %(available)s is left in “%(path)s”.")


class NotWhole(Invalid):
    message = N_("The shares must add up to 100%%, not %(percent)s%%.")


class SelfApproval(Conflict):
    message = N_("Two different people must propose and approve.")


class PeriodSoftClosed(PeriodClosed):
    message = N_("The books of %(day)s only take adjustments that two people sign.")


class PeriodNotOver(Conflict):
    message = N_("This month is not over yet.")


class PeriodBeforeBooks(Conflict):
    message = N_("The books begin in %(month)s; there is no month before it.")


class PeriodStaysClosed(Conflict):
    message = N_("A closed month stays closed. Late facts are booked today, with their own date.")


class PeriodStepMissing(Conflict):
    message = N_("A month goes from open to soft-closed, and from there to closed or back to open.")


class PeriodChangeWaiting(Conflict):
    message = N_("Another change of this month waits for its second signature.")


class PeriodChangeStale(Conflict):
    message = N_("The month has changed since this was proposed. Withdraw it and look again.")


class PeriodChangeDecided(Conflict):
    message = N_("This change of the month is decided already.")


class PeriodChangeNotFound(NotFound):
    message = N_("There is no such change of a month.")


class EarlierPeriodOpen(Conflict):
    message = N_("%(month)s is not closed yet. Months are closed in their order.")


class EarlierPeriodNotSoft(Conflict):
    message = N_("Soft-close %(month)s first. Months are closed in their order.")


class LaterPeriodShut(Conflict):
    message = N_(
        "Open %(month)s again first: what open rupiah are worth at the end of this month is taken"
        " back on its first day."
    )


class BooksBroken(Conflict):
    message = N_("The audit found %(count)s breaches. A month is closed only with clean books.")


class ReopeningReasonMissing(Invalid):
    message = N_("Write why the month is opened again.")


class AuditNotFound(NotFound):
    message = N_("There is no such audit.")


class PolicyScopeUnknown(Invalid):
    message = N_("There is no division called “%(scope)s”.")


class PolicyPartsWrong(Invalid):
    message = N_("Every part of the division needs a share from 0 to 100.")


class PolicyNotInFuture(Invalid):
    message = N_("A division begins on a later day: what is sold keeps the one it was sold under.")


class PolicyDayTaken(Conflict):
    message = N_("Another division begins on that day already.")


class PolicyTooFar(Invalid):
    message = N_("A division begins within two years from today.")


class PolicyUnchanged(Invalid):
    message = N_("That day is divided so already. Change at least one share.")


class PolicyDayWaiting(Conflict):
    message = N_("Another proposal for that day waits. Sign or withdraw that one first.")


class PolicyReasonMissing(Invalid):
    message = N_("Write why the division changes; the reason stays in the record.")


class PolicyProposalStale(Conflict):
    message = N_("The proposal changed after you opened it. Read it again before you sign.")


class PolicyProposalDecided(Conflict):
    message = N_("This proposal is decided already.")


class NotYourPolicyProposal(Conflict):
    message = N_("Only the person who proposed the division may change it.")


class PolicyProposalNotFound(NotFound):
    message = N_("There is no such proposal of a division.")


class NotReversible(Conflict):
    message = N_("An entry of this kind is not reversed by hand.")


class MixedCurrencies(Invalid):
    message = N_("All lines of an adjustment are in one currency.")


class AmountTooLarge(Invalid):
    message = N_("A line can hold %(most)s at most.")


class EntryDayInFuture(Invalid):
    message = N_("The accounting day cannot lie in the future.")


class NothingMoves(Invalid):
    message = N_(
        "Every account gets back what it gives, so nothing would change. Name the account that the"
        " money goes to, or comes from."
    )


class FundsUncovered(Conflict):
    message = N_(
        "The restricted funds hold %(held)s, and only %(cash)s of cash would be left for them."
    )


class EntryDayBeforeBooks(Invalid):
    message = N_("The books begin in %(month)s. Choose a day from then on.")


class EntryReasonMissing(Invalid):
    message = N_("Write why this is booked; the reason stays in the record.")


class EntryMemoMissing(Invalid):
    message = N_("Write what happened.")


class ReversalWaiting(Conflict):
    message = N_("Another reversal of this entry waits for its second signature.")


class EntryProposalStale(Conflict):
    message = N_("The proposal changed after you opened it. Read it again before you sign.")


class EntryMatterChanged(Conflict):
    message = N_(
        "Something more was booked about this matter since the reversal was proposed. "
        "Withdraw it and look again."
    )


class EntryProposalDecided(Conflict):
    message = N_("This proposal is decided already.")


class NotYourEntryProposal(Conflict):
    message = N_("Only the person who proposed the entry may change it.")


class EntryProposalNotFound(NotFound):
    message = N_("There is no such proposal of an entry.")


class NotByHand(Conflict):
    """An account whose balance is made of parts that an adjustment would leave as they are."""

    message = N_("Nobody books on “%(path)s” by hand.")
