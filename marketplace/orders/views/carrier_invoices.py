"""A bank's line booked as a carrier's invoice: its form, and what the second person reads."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.kernel.money import won
from marketplace.orders.errors import (
    CarrierUnknown,
    FreightElsewhere,
    FreightPaid,
    InvoicePaid,
    NotOnOurBooks,
    NotSentBy,
    ParcelTwice,
    TooManyParcels,
)
from marketplace.orders.forms import CarrierInvoiceForm
from marketplace.orders.operations.carrier_invoices import parcels_named
from marketplace.orders.payout_postings import BANK
from marketplace.orders.queries.freight import freight_waiting, paid_freights
from marketplace.payments.models import BankBooking
from marketplace.payments.views.bookings import Way, offer_way
from marketplace.reference.queries import find_carrier, list_carriers


def offer_carrier_invoice() -> None:
    offer_way(
        "carrier_invoice",
        Way(
            form=_form,
            sentence=lambda facts: _("Carrier's invoice %(number)s paid", number=facts["invoice"]),
            fits=lambda line: line.minor < 0 and line.path == BANK,
            details=_details,
            hints=lambda: {
                "parcels": _("Numbers of parcels or of the carrier, one a line."),
                "invoice": _("As it stands on the invoice."),
            },
            places={
                "carrier": (CarrierUnknown, FreightElsewhere),
                "invoice": (InvoicePaid,),
                "parcels": (NotOnOurBooks, ParcelTwice, NotSentBy, FreightPaid, TooManyParcels),
            },
        ),
    )


def _form(**options: object) -> CarrierInvoiceForm:
    form = CarrierInvoiceForm(**options)
    form.carrier.choices = [
        ("", _("Choose…")),
        *((carrier.code, carrier.name) for carrier in list_carriers()),
    ]
    return form


def _details(booking: BankBooking) -> Markup:
    """Each parcel with what its buyer paid for freight, beside what the carrier asks."""
    parcels = parcels_named(booking.facts)
    ids = [parcel.id for parcel in parcels]
    freights = freight_waiting(ids) | paid_freights(ids)
    carrier = find_carrier(booking.facts["carrier"])
    collected = won(sum(freights.values()))
    return Markup(  # noqa: S704 – the template escapes
        render_template(
            "orders/_carrier_invoice.html",
            carrier=carrier.name if carrier else booking.facts["carrier"],
            invoice=booking.facts["invoice"],
            rows=[(parcel, won(freights.get(parcel.id, 0))) for parcel in parcels],
            collected=collected,
            paid=-booking.line.amount,
            left=collected + booking.line.amount,
        )
    )
