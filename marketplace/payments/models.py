from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Model
from marketplace.kernel.money import Money


class PaymentState(StrEnum):
    CREATED = "created"
    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class Payment(Model):
    """One attempt to pay for `reference` through a Stripe Checkout Session."""

    __tablename__ = "payments"
    __table_args__ = (UniqueConstraint("purpose", "reference", "attempt"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    reference: Mapped[str] = mapped_column(index=True)
    attempt: Mapped[int]
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[PaymentState] = mapped_column(default=PaymentState.CREATED)
    session_id: Mapped[str | None] = mapped_column(unique=True)
    session_url: Mapped[str | None]
    payment_intent_id: Mapped[str | None] = mapped_column(unique=True)
    charge_id: Mapped[str | None]
    method: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


class RefundState(StrEnum):
    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Refund(Model):
    """Money sent back to the buyer; `reference` is the refund's number in the room that asked."""

    __tablename__ = "refunds"

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    reference: Mapped[str] = mapped_column(unique=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[RefundState] = mapped_column(default=RefundState.CREATED)
    failure: Mapped[str | None]
    created_at: Mapped[datetime]


class StripeEvent(Model):
    """A webhook seen; its id makes the second delivery harmless."""

    __tablename__ = "stripe_events"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    object_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    problem: Mapped[str | None]


class BalanceTransaction(Model):
    """Stripe's own line for a charge or refund, in its settlement currency; append-only."""

    __tablename__ = "balance_transactions"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    source_id: Mapped[str] = mapped_column(index=True)
    currency: Mapped[str]
    gross_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    net_minor: Mapped[int] = mapped_column(BigInteger)
    exchange_rate: Mapped[Decimal | None]
    created_at: Mapped[datetime]
