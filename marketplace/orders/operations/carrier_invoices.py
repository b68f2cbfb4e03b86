"""Carriers' invoices: a line of the bank pays for the freight of named parcels.

Order of locks: the bank's line, parcels, then ledger accounts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from marketplace.kernel.db import db, exists
from marketplace.kernel.money import won
from marketplace.ledger.drafts import NewEntry
from marketplace.ledger.models import LedgerEntry
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
from marketplace.orders.freight_postings import carrier_invoice
from marketplace.orders.models import PaidFreight, Parcel
from marketplace.orders.payout_postings import BANK
from marketplace.orders.queries.freight import (
    find_parcels_named,
    freight_waiting,
    paid_freights,
)
from marketplace.payments.bank import noon_of
from marketplace.payments.errors import MoneyCame
from marketplace.payments.hooks import Facts
from marketplace.payments.models import BankLine
from marketplace.reference.queries import find_carrier

MOST_PARCELS = 500


def draft_carrier_invoice(line: BankLine, facts: Facts, at: datetime) -> NewEntry:
    """The entry of an invoice, its parcels locked.

    `facts` are the carrier's code, the number of its `invoice` and of its `parcels`. Raises
    MoneyCame, FreightElsewhere, CarrierUnknown, InvoicePaid, TooManyParcels, NotOnOurBooks,
    ParcelTwice, NotSentBy, FreightPaid.
    """
    if line.minor > 0:
        raise MoneyCame
    if line.path != BANK or line.currency != "KRW":
        raise FreightElsewhere
    carrier = find_carrier(facts["carrier"])
    if carrier is None:
        raise CarrierUnknown
    parcels = parcels_named(facts)
    for parcel in parcels:
        if parcel.carrier_code != carrier.code:
            raise NotSentBy(parcel=parcel.number, carrier=carrier.name)
    ids = _lock([parcel.id for parcel in parcels])
    paid = paid_freights(ids)
    for parcel in parcels:
        if parcel.id in paid:
            raise FreightPaid(parcel=parcel.number)
    entry = carrier_invoice(
        carrier.code,
        facts["invoice"],
        line.id,
        won(sum(freight_waiting(ids).values())),
        -line.amount,
        name=carrier.name,
        occurred_at=noon_of(line, at),
        at=at,
    )
    if exists(select(LedgerEntry.id).where(LedgerEntry.idem_key == entry.idem_key)):
        raise InvoicePaid(invoice=facts["invoice"], carrier=carrier.name)
    return entry


def note_freight(facts: Facts, entry_id: int) -> None:
    """The freight of the invoice's parcels lies with us no more."""
    ids = [parcel.id for parcel in parcels_named(facts)]
    for parcel_id, minor in freight_waiting(ids).items():
        db.session.add(PaidFreight(parcel_id=parcel_id, entry_id=entry_id, minor=minor))
    db.session.flush()


def parcels_named(facts: Facts) -> Sequence[Parcel]:
    """The parcels of an invoice, in its order.

    Raises TooManyParcels, NotOnOurBooks, ParcelTwice.
    """
    numbers = re.findall(r"[^\s,;]+", facts["parcels"])
    if len(numbers) > MOST_PARCELS:
        raise TooManyParcels(most=MOST_PARCELS)
    found = find_parcels_named(numbers)
    parcels: dict[int, Parcel] = {}
    for number in numbers:
        if number not in found:
            raise NotOnOurBooks(number=number)
        parcel = found[number]
        if parcel.id in parcels:
            raise ParcelTwice(parcel=parcel.number)
        parcels[parcel.id] = parcel
    if not parcels:
        raise NotOnOurBooks(number=facts["parcels"])
    return list(parcels.values())


def _lock(parcel_ids: Collection[int]) -> Sequence[int]:
    """Hold parcels until the transaction ends, in one order for everybody."""
    return db.session.scalars(
        select(Parcel.id)
        .where(Parcel.id.in_(parcel_ids))
        .order_by(Parcel.id)
        .with_for_update(of=Parcel)
    ).all()
