"""Conversations with Stripe, in the order that survives a crash: write, commit, ask, write.

These open their own transactions, because the network is never called inside one. Call them
from views, webhooks, commands and tasks, outside of any transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import Money
from marketplace.payments.client import ask
from marketplace.payments.errors import (
    AlreadyPaid,
    PaymentUnderway,
    StripeRefused,
    StripeUnavailable,
)
from marketplace.payments.models import Payment, PaymentState, Refund, RefundState
from marketplace.payments.operations import (
    Seen,
    drop_refund,
    note_refusal,
    plan_payment,
    record_look,
    record_refund,
    record_session,
)
from marketplace.payments.queries import list_open_payments, list_payments, list_unsent_refunds

log = structlog.get_logger()

WHOLE_STORY = ["payment_intent.latest_charge.balance_transaction"]
LINES_AT_MOST = 100


def open_checkout(
    purpose: str,
    reference: str,
    amount: Money,
    line_items: Sequence[tuple[str, Money, int]],
    *,
    customer_email: str,
    locale: str,
    success_url: str,
    cancel_url: str,
    at: datetime,
) -> Payment:
    """A payment whose `session_url` the buyer can be sent to.

    `line_items` are (name, unit price, quantity) and add up to `amount`. An open session of an
    earlier attempt is closed first, so that no two pages can be paid. Raises AlreadyPaid,
    PaymentUnderway, StripeUnavailable, StripeRefused.
    """
    if sum(unit.minor * count for _, unit, count in line_items) != amount.minor:
        raise ValueError("the line items do not add up to the amount")
    attempts = close_open_sessions(purpose, reference, at=at)
    urls = (success_url, cancel_url)
    # After silence nobody knows whether there is a session: the same key finds it.
    unheard = _find_unheard(attempts, amount)
    if unheard is not None:
        with suppress(StripeRefused):
            return open_session(unheard, line_items, customer_email, locale, urls)
    with transaction():
        payment = plan_payment(purpose, reference, amount, at=at)
    return open_session(payment, line_items, customer_email, locale, urls)


def open_session(
    payment: Payment,
    line_items: Sequence[tuple[str, Money, int]],
    customer_email: str,
    locale: str,
    urls: tuple[str, str],
) -> Payment:
    """Ask Stripe for the session of a planned payment; `urls` follow success and leaving.

    Raises StripeUnavailable, StripeRefused.
    """
    params = _session_params(payment, line_items, customer_email, locale, urls)
    try:
        session = ask("post", "checkout/sessions", params, key=payment.idempotency_key)
    except StripeRefused as refusal:
        with transaction():
            note_refusal(payment.id, str(refusal))
        raise
    with transaction():
        return record_session(payment.id, session)


def _find_unheard(attempts: Sequence[Payment], amount: Money) -> Payment | None:
    """An attempt whose call was never answered, or not made yet."""
    last = attempts[-1] if attempts else None
    if last is not None and last.state is PaymentState.CREATED and last.amount == amount:
        return last
    return None


def _session_params(
    payment: Payment,
    line_items: Sequence[tuple[str, Money, int]],
    customer_email: str,
    locale: str,
    urls: tuple[str, str],
) -> dict[str, Any]:
    return {
        "mode": "payment",
        "line_items": [
            {
                "quantity": count,
                "price_data": {
                    "currency": unit.currency.lower(),
                    "unit_amount": unit.minor,
                    "product_data": {"name": name[:250]},
                },
            }
            for name, unit, count in _fitting(line_items, payment.amount, payment.reference)
        ],
        "success_url": urls[0],
        "cancel_url": urls[1],
        "client_reference_id": payment.reference,
        "customer_email": customer_email,
        "expires_at": int(payment.expires_at.timestamp()),
        "locale": locale,
        "adaptive_pricing": {"enabled": False},
        "metadata": _metadata(payment),
        "payment_intent_data": {
            "metadata": _metadata(payment),
            "transfer_group": payment.reference,
            "description": payment.reference,
        },
    }


def _fitting(
    lines: Sequence[tuple[str, Money, int]], amount: Money, reference: str
) -> Sequence[tuple[str, Money, int]]:
    """Stripe shows at most a hundred lines; a longer order is shown as one sum."""
    return lines if len(lines) <= LINES_AT_MOST else [(reference, amount, 1)]


def _metadata(payment: Payment) -> dict[str, str]:
    return {
        "payment": str(payment.id),
        "purpose": payment.purpose,
        "reference": payment.reference,
        "attempt": str(payment.attempt),
    }


def close_open_sessions(purpose: str, reference: str, *, at: datetime) -> Sequence[Payment]:
    """Close what could still be paid; returns all attempts, first one first.

    Raises AlreadyPaid when one of them has been paid, meanwhile, and PaymentUnderway when one is
    made whose money is still on its way.
    """
    attempts = list_payments(purpose, reference)
    for payment in attempts:
        if payment.state is PaymentState.OPEN and payment.session_id:
            session_id = payment.session_id
            try:
                ask("post", f"checkout/sessions/{session_id}/expire")
            except StripeRefused:
                log.info("session is over already", payment=payment.id)
            settle(session_id, at=at)
        elif payment.state is PaymentState.PROCESSING and payment.session_id:
            settle(payment.session_id, at=at)
    if any(payment.state is PaymentState.PAID for payment in attempts):
        raise AlreadyPaid
    if any(payment.state is PaymentState.PROCESSING for payment in attempts):
        raise PaymentUnderway
    return attempts


def settle(
    session_id: str, *, at: datetime, note: Callable[[str | None], None] = lambda _: None
) -> Seen:
    """Ask Stripe how the session stands and take that over; webhook and return page both call it.

    `note` is told of a problem, or that there is none, in the same transaction. Money that nobody
    wants goes back at once. Raises StripeUnavailable.
    """
    if not session_id.startswith("cs_"):
        seen = Seen(None, problem="not a session id")
        with transaction():
            note(seen.problem)
        return seen
    session = ask("get", f"checkout/sessions/{session_id}", {"expand": WHOLE_STORY})
    with transaction():
        seen = record_look(session, at=at)
        note(seen.problem)
    if seen.unwanted is not None:
        send_refund(seen.unwanted, at=at)
    return seen


def send_refund(refund: Refund, *, at: datetime) -> Refund:
    """Ask Stripe for a planned refund. After silence it stays planned: send it again.

    The key is the refund's own, so Stripe never refunds twice. A refusal drops the refund.
    """
    payment = _payment_of(refund)
    params: dict[str, Any] = {
        "payment_intent": payment.payment_intent_id,
        "amount": refund.minor,
        "metadata": {"refund": refund.reference, "reference": payment.reference},
    }
    try:
        answer = ask("post", "refunds", params, key=refund.idempotency_key)
    except StripeRefused as refusal:
        with transaction():
            return drop_refund(refund.id, str(refusal.facts["reason"]), at=at)
    except StripeUnavailable:
        log.error("refund waits", refund=refund.reference)
        return refund
    with transaction():
        return record_refund(refund.id, answer, at=at)


def look_at_refund(refund: Refund, *, at: datetime) -> Refund:
    """Ask Stripe how a refund stands and take that over."""
    if refund.stripe_id is None:
        return send_refund(refund, at=at)
    answer = ask("get", f"refunds/{refund.stripe_id}")
    with transaction():
        return record_refund(refund.id, answer, at=at)


def catch_up(*, at: datetime) -> int:
    """Settle open payments and send waiting refunds whose webhooks were lost; returns how many."""
    done = 0
    for payment in list_open_payments():
        try:
            seen = settle(payment.session_id or "", at=at)
        except (StripeUnavailable, StripeRefused):
            continue
        done += seen.payment is not None and seen.payment.state is not PaymentState.OPEN
    for refund in list_unsent_refunds():
        done += send_refund(refund, at=at).state is not RefundState.CREATED
    return done


def _payment_of(refund: Refund) -> Payment:
    return db.session.get_one(Payment, refund.payment_id)
