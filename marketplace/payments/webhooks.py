"""Events from Stripe: they say where to look, never what to believe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam, select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.rows import run, upsert
from marketplace.payments.disputes import look_at_dispute
from marketplace.payments.flows import look_at_refund, settle
from marketplace.payments.models import Payment, Refund, StripeEvent
from marketplace.payments.operations import note_failure

log = structlog.get_logger()

SESSIONS = {
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
}
REFUNDS = {"refund.created", "refund.updated", "refund.failed"}
CHARGES = {"charge.succeeded", "charge.updated"}
DISPUTES = {
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
}
FAILURE = "payment_intent.payment_failed"
KEPT = ("id", "object", "status", "payment_status", "payment_intent", "amount_total", "currency")

TOLERANCE = 300
"""Seconds after which a signature is old."""

_HANDLED = select(StripeEvent.handled_at).where(StripeEvent.id == bindparam("event"))


class Forged(Exception):
    """The signature fits none of our secrets."""


@dataclass(frozen=True)
class Event:
    id: str
    kind: str
    is_live: bool
    subject: dict[str, Any]


def verify(body: bytes, signature: str | None, secrets: Sequence[str]) -> Event:
    """The event in `body`, signed with one of `secrets` not long ago. Raises Forged."""
    import stripe

    for secret in secrets:
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, signature or "", secret, TOLERANCE)
            plain = json.loads(text)
        except (stripe.SignatureVerificationError, ValueError):
            continue
        return Event(
            plain["id"], plain["type"], bool(plain.get("livemode")), plain["data"]["object"]
        )
    raise Forged


def receive(event: Event, *, is_live: bool, at: datetime) -> None:
    """Do what the event asks for, once. After a fault nothing is kept, and Stripe sends it again.

    Events of other kinds are kept and left alone.
    """
    if _is_handled(event):
        return
    if event.is_live is is_live and event.kind in SESSIONS:
        # Handled in the transaction that settles: one commit for both.
        settle(event.subject["id"], at=at, note=lambda problem: _note_handled(event, problem, at))
        return
    problem = "wrong mode" if event.is_live is not is_live else _act(event, at)
    with transaction():
        _note_handled(event, problem, at)


def _is_handled(event: Event) -> bool:
    handled_at = run(_HANDLED, {"event": event.id}).scalar()
    # Nothing is open while Stripe is asked.
    db.session.rollback()
    return handled_at is not None


def _note_handled(event: Event, problem: str | None, at: datetime) -> None:
    """Keep the event, without names and addresses. Of two deliveries at once one is kept."""
    if problem is not None:
        log.error("event has a problem", stripe_event=event.id, kind=event.kind, problem=problem)
    row = {
        "id": event.id,
        "kind": event.kind,
        "object_id": event.subject.get("id"),
        "payload": {name: event.subject.get(name) for name in KEPT},
        "received_at": at,
        "handled_at": at,
        "problem": problem,
    }
    upsert(StripeEvent, [row], key=("id",), change=("handled_at", "problem"))


def _act(event: Event, at: datetime) -> str | None:
    """What went wrong that a second delivery cannot cure; None when all is well."""
    if event.kind in CHARGES or event.kind == FAILURE:
        return _look_at_payment(event, at)
    if event.kind in REFUNDS:
        refund = _find_refund(event.subject)
        if refund is not None:
            look_at_refund(refund, at=at)
    if event.kind in DISPUTES:
        return look_at_dispute(event.subject["id"], at=at)
    return None


def _look_at_payment(event: Event, at: datetime) -> str | None:
    """A charge or an attempt belongs to the payment whose number we gave it."""
    number = (event.subject.get("metadata") or {}).get("payment", "")
    payment = db.session.get(Payment, int(number)) if number.isdigit() else None
    if payment is None or payment.session_id is None:
        return None
    if event.kind == FAILURE:
        error = event.subject.get("last_payment_error") or {}
        with transaction():
            note_failure(payment.id, error.get("decline_code") or error.get("code") or "declined")
        return None
    return settle(payment.session_id, at=at).problem


def _find_refund(subject: dict[str, Any]) -> Refund | None:
    """By its own id, or before we have heard that, by the reference we gave it."""
    reference = (subject.get("metadata") or {}).get("refund", "")
    return db.session.scalar(
        select(Refund).where((Refund.stripe_id == subject["id"]) | (Refund.reference == reference))
    )
