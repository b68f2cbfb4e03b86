"""What goes wrong in the demo's year: goods refunded in part, payments that banks take back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.demo.banking import mirror
from marketplace.demo.people import demo_user
from marketplace.demo.year import Event, Year
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.orders.models import Order, Parcel, ParcelDispute
from marketplace.orders.operations import refund_order_part, rule_dispute
from marketplace.orders.queries.orders import parts_left
from marketplace.payments.disputes import record_dispute
from marketplace.payments.models import Payment, Refund
from marketplace.payments.operations import record_refund

DISPUTE_FEE = 15_000
# Money is released about a month after the payment at the latest.
HELD, RELEASED = timedelta(days=5), timedelta(days=45)


@dataclass(frozen=True)
class Refunding:
    """A part of the first parcel goes back, one in so many won of it."""

    after: timedelta
    part: int
    reason: str


@dataclass(frozen=True)
class Disputing:
    """A bank takes the payment back; `ends` as won or lost, in Stripe's words."""

    after: timedelta
    lasts: timedelta
    ends: str
    reason: str
    ruling: str = ""


# Of every forty orders two are refunded in part; disputes are rare.
EVERY = 40
REFUNDS = {
    7: Refunding(timedelta(hours=3), 5, "Satu bungkus habis sebelum dikirim."),
    14: Refunding(RELEASED, 4, "Satu bungkus sobek ketika tiba."),
}
DISPUTES = {
    4: Disputing(HELD, timedelta(days=7), "won", "fraudulent"),
    11: Disputing(HELD, timedelta(days=6), "lost", "product_not_received"),
    18: Disputing(
        RELEASED,
        timedelta(days=12),
        "lost",
        "fraudulent",
        ruling="Kartu pembeli dipakai orang lain; koperasi mengirim sesuai pesanan.",
    ),
}


def plan_trouble(year: Year, order: Order, payment: Payment, number: int) -> None:
    """Let go wrong what the order's `number` says; no dispute stays open at the end of the year."""
    if refunding := REFUNDS.get(number % EVERY):
        year.plan(order.placed_at + refunding.after, _refund(order, refunding))
    if disputing := DISPUTES.get(number):
        opens = order.placed_at + disputing.after
        closes = opens + disputing.lasts
        rules = closes + timedelta(days=2)
        if rules <= year.until:
            year.plan(opens, _dispute(payment, disputing, "needs_response", opens))
            year.plan(closes, _dispute(payment, disputing, disputing.ends, opens))
            year.plan(rules, _rule(payment, disputing))


def _refund(order: Order, trouble: Refunding) -> Event:
    def happen(at: datetime) -> None:
        parcel = db.session.scalars(
            select(Parcel).where(Parcel.order_id == order.id).order_by(Parcel.id)
        ).first()
        assert parcel is not None
        amount = won(parts_left([parcel.id])[parcel.id].goods // trouble.part)
        decided = refund_order_part(
            order, parcel, amount, reason=trouble.reason, by=demo_user("admin1"), at=at
        )
        refund = db.session.scalars(select(Refund).where(Refund.reference == decided.number)).one()
        stripe_id = f"re_demo_{refund.id}"
        record_refund(refund.id, {"id": stripe_id, "status": "succeeded"}, at=at)
        mirror(f"txn_demo_{stripe_id}", "refund", stripe_id, -amount.minor, 0, at)

    return happen


def _dispute(payment: Payment, trouble: Disputing, status: str, opened: datetime) -> Event:
    def happen(at: datetime) -> None:
        dispute_id = f"du_demo_{payment.id}"
        taken = {"amount": -payment.minor, "fee": DISPUTE_FEE, "currency": "krw"}
        returned = {"amount": payment.minor, "fee": -DISPUTE_FEE, "currency": "krw"}
        record_dispute(
            {
                "id": dispute_id,
                "currency": "krw",
                "amount": payment.minor,
                "created": int(opened.timestamp()),
                "reason": trouble.reason,
                "status": status,
                "balance_transactions": [taken, returned] if status == "won" else [taken],
            },
            payment.id,
            at=at,
        )
        if status == "needs_response":
            line_id = f"txn_demo_{dispute_id}"
            mirror(line_id, "dispute", dispute_id, -payment.minor, DISPUTE_FEE, at)
        if status == "won":
            line_id = f"txn_demo_{dispute_id}_back"
            mirror(line_id, "dispute_reversal", dispute_id, payment.minor, -DISPUTE_FEE, at)

    return happen


def _rule(payment: Payment, trouble: Disputing) -> Event:
    """An admin says who bears what was lost after its release."""

    def happen(at: datetime) -> None:
        losses = select(ParcelDispute).where(
            ParcelDispute.dispute_id == f"du_demo_{payment.id}", ParcelDispute.entry_id.is_(None)
        )
        for loss in db.session.scalars(losses):
            by = demo_user("admin2").id
            rule_dispute(loss, is_at_fault=False, reason=trouble.ruling, by=by, at=at)

    return happen
