"""What payments add to the audit of the books: the account with Stripe, as far as it is mirrored.

Each purpose books under its own name and reference, so both sides meet without knowing the room.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, func, literal, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.ledger.hooks import Breach, Finding, register_check
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.payments.hooks import list_purposes
from marketplace.payments.models import (
    BalanceTransaction,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from marketplace.payments.operations import fee_in

STRIPE = "assets:stripe"
FEE = "stripe_fee"
DISPUTE = "dispute_"
MORE_PAID = N_("%(kind)s %(reference)s: %(amount)s was paid that is not in the books.")
MORE_BOOKED = N_("%(kind)s %(reference)s: %(amount)s is in the books that nobody paid.")
WENT_BACK = (RefundState.PENDING, RefundState.SUCCEEDED)


def register_checks() -> None:
    register_check("I11", N_("Payments and refunds, without fees"), check_payments)
    register_check("I11", N_("Stripe's fees"), check_fees)


def check_payments(at: datetime) -> Finding:
    """Whether each reference has in the account what was paid for it, less what went back.

    Disputes and Stripe's payouts to the bank are looked at line by line, in the mirror.
    """
    paid = select(
        Payment.purpose.label("kind"), Payment.reference, Payment.currency, Payment.minor
    ).where(Payment.state == PaymentState.PAID)
    returned = (
        select(Payment.purpose, Payment.reference, Payment.currency, -Refund.minor)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.state.in_(WENT_BACK))
    )
    booked = (
        select(
            LedgerEntry.ref_kind,
            func.coalesce(LedgerEntry.ref_id, ""),
            LedgerPosting.currency,
            -LedgerPosting.amount,
        )
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerAccount.code.like(f"{STRIPE}:___"),
            LedgerEntry.kind != FEE,
            ~LedgerEntry.kind.startswith(DISPUTE),
            LedgerEntry.ref_kind.in_(list_purposes()),
        )
    )
    both = paid.union_all(returned, booked).subquery()
    rows = db.session.execute(
        select(both.c.kind, both.c.reference, both.c.currency, func.sum(both.c.minor))
        .group_by(both.c.kind, both.c.reference, both.c.currency)
        .having(func.sum(both.c.minor) != 0)
        .order_by(both.c.kind, both.c.reference)
    )
    breaches = [
        Breach(
            MORE_PAID if minor > 0 else MORE_BOOKED,
            {"kind": kind, "reference": reference, "amount": Money(abs(int(minor)), currency)},
            _last_entry(kind, reference),
        )
        for kind, reference, currency, minor in rows
    ]
    count = db.session.scalar(
        select(func.count()).select_from(Payment).where(Payment.state == PaymentState.PAID)
    )
    return Finding(int(count or 0), breaches)


def check_fees(at: datetime) -> Finding:
    """Whether each line of Stripe has its fee in the books, at the rate of the line."""
    booked = (
        select(
            LedgerEntry.idem_key,
            LedgerEntry.id,
            func.sum(-LedgerPosting.amount).label("minor"),
        )
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerEntry.kind == FEE, LedgerAccount.code.like(f"{STRIPE}:___"))
        .group_by(LedgerEntry.idem_key, LedgerEntry.id)
        .subquery()
    )
    rows = db.session.execute(
        select(BalanceTransaction, Payment, booked.c.id, booked.c.minor)
        .join(
            Payment,
            and_(
                Payment.charge_id == BalanceTransaction.source_id,
                Payment.state == PaymentState.PAID,
            ),
        )
        .outerjoin(
            booked, booked.c.idem_key == literal("stripe_fee:").concat(BalanceTransaction.id)
        )
    ).all()
    breaches = []
    for line, payment, entry_id, minor in rows:
        fee = fee_in(payment.amount, line)
        if fee.minor != int(minor or 0):
            facts = {"line": line.id, "fee": fee, "booked": Money(int(minor or 0), fee.currency)}
            breaches.append(
                Breach(
                    N_("%(line)s: the fee is %(fee)s, and %(booked)s is booked."), facts, entry_id
                )
            )
    return Finding(len(rows), breaches)


def _last_entry(kind: str, reference: str) -> int | None:
    return db.session.scalar(
        select(func.max(LedgerEntry.id)).where(
            LedgerEntry.ref_kind == kind, LedgerEntry.ref_id == reference
        )
    )
