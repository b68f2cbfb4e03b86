"""What a second pair of eyes, or an empty fund, refuses."""

from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.ledger.errors import NotByHand
from marketplace.ledger.errors import SelfApproval as SamePerson


class ProgramMissing(NotFound):
    message = N_("There is no such program.")


class VillageMissing(Invalid):
    message = N_("Choose a village from the list.")


class CooperativeElsewhere(Invalid):
    message = N_("Choose a cooperative of the same regency.")


class BudgetEmpty(Invalid):
    message = N_("Write at least one budget line with its amount in won.")


class BudgetLineWrong(Invalid):
    message = N_("Every budget line needs words and an amount above zero.")


class SelfApproval(SamePerson):
    message = N_("You proposed this yourself, so a colleague has to sign. Nothing was booked.")


class ProposalChanged(Conflict):
    message = N_("The proposal changed after you opened it. Read it again before you sign.")


class AlreadyDecided(Conflict):
    message = N_("This proposal is decided already.")


class NotYourProposal(Conflict):
    message = N_("Only the person who proposed this may change it.")


class FundExhausted(Conflict):
    message = N_("Only %(available)s is free in the funds this program may use.")


class NotSealedYet(Conflict):
    message = N_(
        "The money is there, but a part of it is not sealed yet. Wait a moment and sign again: the "
        "seal is made within seconds. Sealed so far: %(sealed)s."
    )


class ReasonMissing(Invalid):
    message = N_("Write the reason; it is shown in the public record.")


class ProgramNotOpen(Conflict):
    message = N_("This program is not open for payments.")


class AmountNotPositive(Invalid):
    message = N_("The amount must be above zero.")


class MoreThanCommitted(Conflict):
    message = N_("Only %(available)s of the committed money is still free.")


class AlreadyCanceled(Conflict):
    message = N_("This disbursement was canceled.")


class AlreadyReleased(Conflict):
    message = N_("This disbursement is already released.")


class NotReleased(Conflict):
    message = N_("This disbursement is not released yet.")


class PaymentsWaiting(Conflict):
    message = N_("A disbursement is still waiting. Release or cancel it first.")


class MoreThanPledged(Conflict):
    message = N_("Only %(left)s of this pledge is still to come.")


class EnoughEvidence(Conflict):
    message = N_("A payment can have %(most)s pieces of evidence. Take one back first.")


class LotSpent(Conflict):
    message = N_("Programs were given money of this entry already; it is not reversed any more.")


class ReferenceReversed(Conflict):
    message = N_(
        "This bank reference was booked and reversed. Write it with an addition, such as “-2”."
    )


class KeptByLot(NotByHand):
    message = N_(
        "“%(path)s” is kept lot by lot, so no adjustment books on it. Money of a fund is given to a"
        " program, paid and given back on the page of the program; what a sponsor promised and sent"
        " is noted on the page of the pledge; a buyer's part goes back by a refund, on the page of"
        " the order."
    )
