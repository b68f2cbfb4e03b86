"""One order as everybody may see it who has its code: amounts and days, nothing about people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.ledger.policies import REFUND_RESERVE
from marketplace.ledger.queries import Entry
from marketplace.openbook.queries.seals import Place, Seal, find_seal, places_of
from marketplace.orders.dispute_postings import DISPUTES, RECOVERED
from marketplace.orders.models import Order, OrderState, Parcel, ParcelDispute
from marketplace.orders.policies import HELD_WINDOW, release_at
from marketplace.orders.postings import (
    DEFERRED_FEE,
    PLATFORM_FEE,
    REFUND_COVER,
    SHARE_HELD,
    SHIPPING,
    SHIPPING_LOSS,
    STRIPE,
    TRADING,
)
from marketplace.reinvestment.models import Evidence, Program
from marketplace.reinvestment.queries import (
    PaidPart,
    ShareTrace,
    evidence_of,
    paid_parts,
    trace_order,
)

# Entries in which the order's own parts gave back, and those in which others bore it.
FROM_PARTS = ("refund", "dispute_lost", "dispute_charged")
FROM_OTHERS = ("dispute_borne", "dispute_uncovered")
# Where a part lies before its release or its carrier's invoice, and what gives it back after.
SERVICE = (DEFERRED_FEE, PLATFORM_FEE)
FREIGHT = (SHIPPING, SHIPPING_LOSS)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many parcels still hold their share, and until when, once that is known.

    The share is held for `days` after delivery.
    """

    parcels: int
    until: datetime | None
    days: int = HELD_WINDOW.days


@dataclass(frozen=True, slots=True)
class Receipt:
    """A paid order without its buyer, its goods and its number."""

    code: str
    placed_at: datetime
    paid_at: datetime
    trace: ShareTrace
    waiting: Waiting
    waits_for_ruling: bool
    paid_by_program: Mapping[int, Sequence[PaidPart]]
    evidence: Mapping[int, Sequence[Evidence]]
    seal: Seal | None
    places: Mapping[int, Place]

    def paid_parts(self, program: Program) -> Sequence[PaidPart]:
        """What of this order's share the village of `program` was paid, payment by payment."""
        return self.paid_by_program.get(program.id, ())

    @property
    def unsealed(self) -> int:
        """Entries that wait for their seal."""
        return sum(entry.id not in self.places for entry in self.entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.trace.entries

    @property
    def sale(self) -> Entry | None:
        return next((entry for entry in self.entries if entry.kind == "sale"), None)

    @property
    def share(self) -> Money:
        return self._part(SHARE_HELD)

    @property
    def service(self) -> Money:
        return self._part(DEFERRED_FEE)

    @property
    def shipping(self) -> Money:
        return self._part(SHIPPING)

    @property
    def cooperatives(self) -> Money:
        return self._part(TRADING)

    @property
    def goods(self) -> Money:
        return self.cooperatives + self.service + self.share

    @property
    def paid(self) -> Money:
        return self.goods + self.shipping

    @property
    def owed(self) -> Money:
        """The cooperatives' part in rupiah, at the rate of that day."""
        lines = self.sale.postings if self.sale else ()
        minor = sum(line.amount.minor for line in lines if line.code == f"{TRADING}:idr")
        return Money(minor, "IDR")

    @property
    def share_back(self) -> Money:
        """What of the share went back: all of what the parts gave that no other part did."""
        gave = -self._sum(FROM_PARTS, STRIPE, DISPUTES)
        return gave - self._back(TRADING, *SERVICE, *FREIGHT)

    @property
    def share_left(self) -> Money:
        return self.share - self.share_back

    @property
    def service_left(self) -> Money:
        return self.service - self._back(*SERVICE)

    @property
    def shipping_left(self) -> Money:
        return self.shipping - self._back(*FREIGHT)

    @property
    def cooperatives_left(self) -> Money:
        return self.cooperatives - self._back(TRADING)

    @property
    def owed_left(self) -> Money:
        """The cooperatives' part in rupiah, less what refunds and lost disputes took."""
        taken = [
            line.amount.minor
            for entry in self.entries
            if entry.kind in FROM_PARTS
            for line in entry.postings
            if line.code == f"{TRADING}:idr"
        ]
        return self.owed + Money(sum(taken), "IDR")

    @property
    def refunded(self) -> Money:
        """All refunds, also one that the bank sent back and that is paid another way."""
        return -self._sum(FROM_PARTS, STRIPE)

    @property
    def lost(self) -> Money:
        """What buyers' banks took back in disputes that were lost, whoever bore it."""
        return -self._sum((*FROM_PARTS, *FROM_OTHERS), DISPUTES)

    @property
    def given_back(self) -> Money:
        """What the buyer has again, by refunds and lost disputes."""
        return self.refunded + self.lost

    @property
    def recovered(self) -> Money:
        """What was lost and borne, and came back after all."""
        return -self._sum(("dispute_recovered",), RECOVERED)

    @property
    def in_dispute(self) -> Money:
        """What a buyer's bank took back, and nobody has borne yet."""
        return self._sum(None, DISPUTES)

    @property
    def borne_by_reserve(self) -> Money:
        return self._sum(FROM_OTHERS, REFUND_RESERVE)

    @property
    def borne_by_market(self) -> Money:
        return self._sum(FROM_OTHERS, REFUND_COVER, SHIPPING_LOSS)

    def _back(self, *paths: str) -> Money:
        """What the order's own parts gave back of these."""
        return self._sum(FROM_PARTS, *paths)

    def _sum(self, kinds: Collection[str] | None, *paths: str) -> Money:
        """Won booked on these accounts in entries of these kinds, debits positive."""
        codes = {f"{path}:krw" for path in paths}
        return won(
            sum(
                line.amount.minor
                for entry in self.entries
                if kinds is None or entry.kind in kinds
                for line in entry.postings
                if line.code in codes
            )
        )

    def _part(self, path: str) -> Money:
        """What the sale put on the credit side of an account, in won."""
        lines = self.sale.postings if self.sale else ()
        return won(-sum(line.amount.minor for line in lines if line.code == f"{path}:krw"))


def find_receipt(code: str) -> Receipt | None:
    """The paid order with this code, as written by `normalize_code`; ten queries."""
    row = db.session.execute(
        select(
            Order.id,
            Order.number,
            Order.placed_at,
            Order.paid_at,
            _waits_for_ruling().label("waits_for_ruling"),
        ).where(Order.receipt_code == code, Order.state == OrderState.PAID)
    ).one_or_none()
    if row is None:
        return None
    held = [
        delivered_at
        for delivered_at in db.session.scalars(
            select(Parcel.delivered_at).where(
                Parcel.order_id == row.id, Parcel.released_at.is_(None)
            )
        )
    ]
    known = [release_at(delivered_at) for delivered_at in held if delivered_at]
    until = max(known) if known and len(known) == len(held) else None
    trace = trace_order(row.number)
    entry_ids = {entry.id for entry in trace.entries}
    # Before the newest seal is looked for, so that no entry is numbered beyond it.
    places = places_of(entry_ids)
    paid = paid_parts(entry_ids, {use.program.id for use in trace.uses})
    return Receipt(
        code,
        row.placed_at,
        row.paid_at,
        trace,
        Waiting(len(held), until),
        row.waits_for_ruling,
        paid,
        evidence_of({part.disbursement.id for parts in paid.values() for part in parts}),
        find_seal(),
        places,
    )


def _waits_for_ruling() -> ColumnElement[bool]:
    """Whether a dispute of the order is lost, and nobody has said who bears it."""
    return (
        select(ParcelDispute.id)
        .join(Parcel, Parcel.id == ParcelDispute.parcel_id)
        .where(Parcel.order_id == Order.id, ParcelDispute.entry_id.is_(None))
        .exists()
    )
