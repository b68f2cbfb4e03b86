"""What we write down about payments. Nothing here commits or calls Stripe; `flows` does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import structlog
from sqlalchemy import bindparam, case, func, select, update

from marketplace.kernel.db import db, insert_once, lock
from marketplace.kernel.money import Money
from marketplace.kernel.rows import insert_row
from marketplace.payments.errors import AlreadyPaid, PaymentUnderway
from marketplace.payments.hooks import purpose_of
from marketplace.payments.models import (
    BalanceTransaction,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)

log = structlog.get_logger()

SESSION_LIFE = timedelta(minutes=32)
UNWANTED = "unwanted-"

_OF_SESSION = (
    select(Payment)
    .where(Payment.session_id == bindparam("session"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_HAS_SESSION = (
    update(Payment)
    .where(Payment.id == bindparam("payment"))
    .values(
        session_id=bindparam("session"),
        session_url=bindparam("url"),
        state=case((Payment.state == PaymentState.CREATED, PaymentState.OPEN), else_=Payment.state),
    )
    .returning(Payment)
    .execution_options(populate_existing=True, synchronize_session=False)
)


def plan_payment(
    purpose: str, reference: str, amount: Money, *, at: datetime, is_first: bool = False
) -> Payment:
    """Write down that we are about to ask for `amount`. Raises AlreadyPaid, PaymentUnderway.

    The first attempt of what was made in this transaction looks for no others.

    Its id makes the idempotency key, so a crashed call can be repeated without a second session.
    """
    attempt = 1 if is_first else _next_attempt(purpose, reference)
    return insert_row(
        Payment(
            purpose=purpose,
            reference=reference,
            attempt=attempt,
            minor=amount.minor,
            currency=amount.currency,
            idempotency_key=f"{purpose}-{reference}-checkout-{attempt}",
            state=PaymentState.CREATED,
            created_at=at,
            expires_at=at + SESSION_LIFE,
        )
    )


def _next_attempt(purpose: str, reference: str) -> int:
    last, paid, underway = db.session.execute(
        select(
            func.coalesce(func.max(Payment.attempt), 0),
            func.count().filter(Payment.state == PaymentState.PAID),
            func.count().filter(Payment.state == PaymentState.PROCESSING),
        ).where(Payment.purpose == purpose, Payment.reference == reference)
    ).one()
    if paid:
        raise AlreadyPaid
    if underway:
        raise PaymentUnderway
    return int(last) + 1


def record_session(payment_id: int, session: dict[str, Any]) -> Payment:
    """Stripe made the session; the buyer can go to its address."""
    made = {"payment": payment_id, "session": session["id"], "url": session["url"]}
    return db.session.scalars(_HAS_SESSION, made).one()


def note_refusal(payment_id: int, reason: str) -> None:
    """Stripe would not make a session: this attempt is over."""
    payment = lock(Payment, payment_id)
    if payment.state is PaymentState.CREATED:
        payment.state = PaymentState.FAILED
        payment.failure = reason[:200]


def note_failure(payment_id: int, reason: str) -> None:
    """A card was declined. The session stays open, the buyer may try another."""
    payment = lock(Payment, payment_id)
    if payment.state is not PaymentState.PAID:
        payment.failure = reason[:200]


@dataclass(frozen=True)
class Seen:
    """What one look at a session showed: the payment, what is wrong, what must go back."""

    payment: Payment | None
    problem: str | None = None
    unwanted: Refund | None = None


def record_look(session: dict[str, Any], *, at: datetime) -> Seen:
    """Take over what Stripe says of a session. Safe to repeat, in any order.

    States only move forward; paid is the end, whatever came before. Money of another amount or
    currency than we asked for is never taken: the problem is returned, and nothing happens.
    """
    payment = db.session.scalar(_OF_SESSION, {"session": session["id"]})
    if payment is None:
        return Seen(None, problem="unknown session")
    if session["payment_status"] != "paid":
        if payment.state is not PaymentState.PAID:
            _note_unpaid(payment, session)
        return Seen(payment)
    asked = (payment.minor, payment.currency)
    came = (session["amount_total"], session["currency"].upper())
    if asked != came:
        log.error("payment is not as asked", payment=payment.id, session=session["id"])
        return Seen(payment, problem=f"asked {asked}, came {came}")
    unwanted = None
    if payment.state is not PaymentState.PAID:
        _note_paid(payment, session, at)
        if not purpose_of(payment).settled(payment, at=at):
            unwanted = plan_refund(
                payment, payment.amount, reference=f"{UNWANTED}{payment.id}", at=at
            )
    _note_balance(payment, session, at)
    db.session.flush()
    return Seen(payment, unwanted=unwanted)


def _note_unpaid(payment: Payment, session: dict[str, Any]) -> None:
    """A complete session without money waits for a bank, until the intent says yes or no."""
    if session["status"] == "expired":
        payment.state = PaymentState.EXPIRED
    if session["status"] != "complete":
        return
    intent = session["payment_intent"] or {}
    if intent.get("status") in {"requires_payment_method", "canceled"}:
        error = intent.get("last_payment_error") or {}
        payment.state = PaymentState.FAILED
        payment.failure = str(error.get("code") or "declined")[:200]
    else:
        payment.state = PaymentState.PROCESSING
        payment.failure = None


def _note_paid(payment: Payment, session: dict[str, Any], at: datetime) -> None:
    intent = session["payment_intent"]
    charge = intent.get("latest_charge") or {}
    payment.state = PaymentState.PAID
    payment.payment_intent_id = intent["id"]
    payment.charge_id = charge.get("id")
    payment.method = (charge.get("payment_method_details") or {}).get("type")
    payment.failure = None
    created = charge.get("created")
    payment.paid_at = datetime.fromtimestamp(created, UTC) if created else at


def _note_balance(payment: Payment, session: dict[str, Any], at: datetime) -> None:
    """Keep Stripe's own line of the charge and book its fee, as soon as it is there."""
    charge = session["payment_intent"].get("latest_charge") or {}
    line = charge.get("balance_transaction")
    if not isinstance(line, dict):
        return
    row = _balance_row(line)
    if insert_once(BalanceTransaction, row):
        fee = fee_in(payment.amount, BalanceTransaction(**row))
        purpose_of(payment).fee(payment, row["id"], fee, occurred_at=row["created_at"], at=at)


def _balance_row(line: dict[str, Any]) -> dict[str, Any]:
    rate = line.get("exchange_rate")
    return {
        "id": line["id"],
        "kind": line["type"],
        "source_id": line["source"],
        "currency": line["currency"].upper(),
        "gross_minor": line["amount"],
        "fee_minor": line["fee"],
        "net_minor": line["net"],
        "exchange_rate": None if rate is None else Decimal(str(rate)),
        "created_at": datetime.fromtimestamp(line["created"], UTC),
    }


def fee_in(amount: Money, line: BalanceTransaction) -> Money:
    """Stripe's fee in the currency that was paid, at the rate of the line itself.

    Stripe converts the charge and takes its fee in the settlement currency; `amount` stands for
    `gross_minor` there, so the fee is the same part of it, half up.
    """
    if line.currency == amount.currency:
        return Money(line.fee_minor, amount.currency)
    part = Decimal(amount.minor) * line.fee_minor / line.gross_minor
    return Money(int(part.quantize(Decimal(1), ROUND_HALF_UP)), amount.currency)


def plan_refund(payment: Payment, amount: Money, *, reference: str, at: datetime) -> Refund:
    """Write down that `amount` goes back, once per `reference`; `flows.send_refund` sends it."""
    refund = db.session.scalar(select(Refund).where(Refund.reference == reference))
    if refund is None:
        refund = Refund(
            payment_id=payment.id,
            reference=reference,
            minor=amount.minor,
            idempotency_key=f"refund-{reference}",
            created_at=at,
        )
        db.session.add(refund)
        db.session.flush()
    return refund


def record_refund(refund_id: int, answer: dict[str, Any], *, at: datetime) -> Refund:
    """Take over what Stripe says of a refund; the books follow its acceptance. Safe to repeat."""
    refund = lock(Refund, refund_id)
    payment = db.session.get_one(Payment, refund.payment_id)
    purpose = purpose_of(payment)
    refund.stripe_id = answer["id"]
    was, now_is = refund.state, _refund_state(answer["status"])
    if was is RefundState.FAILED or (
        was is RefundState.SUCCEEDED and now_is is RefundState.PENDING
    ):
        return refund
    refund.state = now_is
    if was is RefundState.CREATED:
        book = purpose.returned if refund.reference.startswith(UNWANTED) else purpose.refunded
        book(payment, refund, at=at)
    if now_is is RefundState.FAILED:
        refund.failure = str(answer.get("failure_reason") or "")[:200]
        purpose.bounced(payment, refund, at=at)
        log.error("refund came back", refund=refund.reference, reason=refund.failure)
    db.session.flush()
    return refund


def _refund_state(status: str) -> RefundState:
    if status == "succeeded":
        return RefundState.SUCCEEDED
    return RefundState.FAILED if status in {"failed", "canceled"} else RefundState.PENDING


def drop_refund(refund_id: int, reason: str, *, at: datetime) -> Refund:
    """Stripe refused a refund: no money moved, and it counts no more."""
    refund = lock(Refund, refund_id)
    if refund.state is RefundState.CREATED:
        refund.state = RefundState.FAILED
        refund.failure = reason[:200]
        payment = db.session.get_one(Payment, refund.payment_id)
        purpose_of(payment).dropped(payment, refund, at=at)
    return refund
