"""Refusals of export trade."""

from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid


class BelowMinimum(Invalid):
    """Facts: `moq`, `unit`."""

    message = N_("The minimum order is %(moq)s %(unit)s.")


class NotOffered(Conflict):
    message = N_("These goods are not offered for export at the moment.")


class WrongUnit(Invalid):
    message = N_("These goods are counted in %(unit)s.")


class UnknownIncoterm(Invalid):
    message = N_("Choose one of the Incoterms 2020.")


class DayInThePast(Invalid):
    message = N_("Choose a day that has not passed.")


class DayTooFar(Invalid):
    message = N_("Choose a day within the next two years.")


class PriceStepsDisordered(Invalid):
    """Facts: `step`, the first wrong one, counted from 1."""

    message = N_(
        "Prices by quantity start at the minimum order, and a larger quantity never costs more."
    )


class RequestClosed(Conflict):
    message = N_("This request is closed, so nothing can be added.")


class QuotationExpired(Conflict):
    """Facts: `valid_until`."""

    message = N_("This offer was valid until %(valid_until)s. Ask for a new one.")


class QuotationReplaced(Conflict):
    """Facts: `number` of the newest offer."""

    message = N_("A newer offer, %(number)s, has replaced this one.")


class AlreadyAccepted(Conflict):
    message = N_("An offer of this request has already been accepted.")
