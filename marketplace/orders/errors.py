"""Refusals of carts, checkout, parcels, refunds and payouts."""

from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.ledger.errors import NotByHand, SelfApproval


class CartEmpty(Conflict):
    message = N_("Your cart is empty.")


class NotEnough(Conflict):
    message = N_("Only %(available)s of “%(name)s” are left.")


class TooMany(Conflict):
    message = N_("At most %(most)s of “%(name)s” fit in one order. Order again for more.")


class NoLongerSold(NotFound):
    message = N_("These goods are no longer for sale.")


class QuoteChanged(Conflict):
    """The price, the rate, freight or stock moved since the buyer last saw the sum."""

    message = N_("The amount has changed since you opened this page. Please look at it again.")


class CartChanged(QuoteChanged):
    """Other goods, or another quantity: most likely the buyer's own doing, in another tab."""

    message = N_("The goods in your cart changed since you opened this page. Please look again.")


class InvalidTrackingNumber(Invalid):
    message = N_("This is not a tracking number. Check it against the receipt of the post office.")


class TrackingNumberMistyped(Invalid):
    message = N_("One digit of this number is wrong: its check digit does not fit.")


class TrackingNumberForeign(Invalid):
    message = N_("Numbers of Pos Indonesia end in ID. Check it against the receipt.")


class TrackingNumberTaken(Conflict):
    """Facts: `parcel`, that of another order with this number."""

    message = N_("Parcel %(parcel)s of another order has this number. Check the receipt.")


class TrackingMeanwhile(Conflict):
    """Facts: `number`, the one that the parcel has now."""

    message = N_(
        "Somebody corrected this number while your page was open. It is %(number)s now. "
        "Nothing was saved; send yours again if it is the right one."
    )


class ParcelNotPayable(Conflict):
    message = N_("This parcel cannot be sent, because its order is not paid.")


class ParcelRefunded(Conflict):
    message = N_("The goods of this parcel were refunded, so it is not to be sent.")


class AlreadyShipped(Conflict):
    message = N_("This parcel was already sent with number %(number)s.")


class AlreadyDelivered(Conflict):
    message = N_("This parcel has arrived already.")


class CancellationAsked(Conflict):
    message = N_(
        "The buyer has asked to cancel this parcel. Do not send it before that is answered."
    )


class NotShipped(Conflict):
    message = N_("This parcel has not been sent yet.")


class ReleaseTooEarly(Conflict):
    message = N_("The money of this parcel is held until %(day)s.")


class RefundUnderway(Conflict):
    message = N_("A refund of this parcel is on its way. Its money stays held until then.")


class RequestOpen(Conflict):
    message = N_("The buyer's request about this parcel is open. Its money stays held until then.")


class AlreadyAsked(Conflict):
    message = N_("You have asked about this parcel already. We will answer you.")


class RequestAnswered(Conflict):
    message = N_("This request has been answered already.")


class ReturnTooLate(Conflict):
    message = N_("Goods can be returned within 7 days of arrival: until %(day)s.")


class NothingToRefund(Conflict):
    message = N_("The money of this parcel was refunded already.")


class ParcelAboveLimit(Conflict):
    message = N_("A parcel of this order is too heavy to be sent.")


class NotPaid(Conflict):
    message = N_("This order has not been paid.")


class OrderNotPayable(Conflict):
    message = N_("This order can no longer be paid. Please order again.")


class RefundTooLarge(Conflict):
    message = N_("Only %(left)s of this parcel can still be refunded.")


class RefundMeanwhile(Conflict):
    message = N_(
        "Another refund of this order was decided since you opened this page. "
        "Look at it first; nothing was refunded now."
    )


class RefundNotPositive(Invalid):
    message = N_("Enter an amount of at least 1 won.")


class NothingToPay(Conflict):
    message = N_("There is nothing to pay out. Choose at least one cooperative that can be paid.")


class CooperativeNotReady(Conflict):
    message = N_("%(cooperative)s cannot be paid any more. Look at the list again.")


class PayoutSelfApproval(SelfApproval):
    message = N_("You gathered this batch yourself, so a colleague has to sign. Nothing was sent.")


class BatchChanged(Conflict):
    message = N_(
        "An amount or a bank account changed after this batch was gathered. Nothing was sent: "
        "cancel it and gather a new one."
    )


class BatchCanceled(Conflict):
    message = N_("This batch was canceled.")


class BatchReleased(Conflict):
    message = N_("This batch is already released.")


class BatchNotReleased(Conflict):
    message = N_("This batch is not released yet, so there is no bank file.")


class BankFileDiffers(Conflict):
    message = N_("The batch does not agree with the ledger, so there is no bank file.")


class SenderUnknown(Conflict):
    message = N_("Set LUMBUNG_PAYOUT_FROM to the account payouts are paid from.")


class PayoutNotOnItsWay(Conflict):
    message = N_("This payout is not on its way.")


class SettledOutOfTime(Invalid):
    message = N_("The day must be between %(first)s and %(last)s.")


class PaidImplausible(Invalid):
    message = N_("These rupiah stand for %(book)s. Check the amount against the bank's line.")


class DisputeOpen(Conflict):
    message = N_("The buyer's bank disputes this payment. Nothing moves until that is decided.")


class DisputeRuled(Conflict):
    message = N_("It was decided already who bears this loss.")


class NotOnOurBooks(Invalid):
    """Facts: `number`, as it was typed."""

    message = N_("No parcel of ours has the number %(number)s.")


class ParcelTwice(Invalid):
    message = N_("Parcel %(parcel)s stands there twice. Ask the carrier before you pay twice.")


class NotSentBy(Invalid):
    message = N_("Parcel %(parcel)s was not sent with %(carrier)s.")


class FreightPaid(Conflict):
    message = N_("The freight of parcel %(parcel)s was paid already.")


class InvoicePaid(Conflict):
    message = N_("Invoice %(invoice)s of %(carrier)s was paid already.")


class TooManyParcels(Invalid):
    message = N_("An invoice can name %(most)s parcels at most. Please split it.")


class FreightElsewhere(Invalid):
    message = N_(
        "Carriers are paid in won from our own account. Book what happened by an adjustment; "
        "then this line finds its place."
    )


class CarrierUnknown(Invalid):
    message = N_("Choose one of the carriers of the list.")


class OwedByParcel(NotByHand):
    message = N_(
        "“%(path)s” is kept parcel by parcel, so no adjustment books on it. Money that goes back"
        " to a buyer is a refund, on the page of the order; who bears a lost dispute is decided on"
        " its page; what the bank did with a payout is noted on the page of the payout."
    )
