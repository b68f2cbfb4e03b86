from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

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


# Stripe's words for a dispute that is over.
CLOSED_DISPUTES = ("won", "lost", "warning_closed", "prevented")


class Dispute(Model):
    """A buyer's bank takes a payment back; `id` and `status` are Stripe's.

    `withdrawn_minor` is what Stripe took of the payment, `reinstated_minor` what it gave back, with
    their fees (`fee_back_minor` came back). All in the payment's currency.
    """

    __tablename__ = "disputes"

    id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    withdrawn_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    reinstated_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_back_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    opened_at: Mapped[datetime]
    answer_by: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def is_open(self) -> bool:
        return self.status not in CLOSED_DISPUTES


class StripeLine(Model):
    """Stripe's own line, as it came (`raw`) and as we read it; rows are never changed.

    `category` is Stripe's reporting category. Amounts are in the currency Stripe settles in.
    """

    __tablename__ = "stripe_lines"
    __table_args__ = (CheckConstraint("net_minor = gross_minor - fee_minor", name="adds_up"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    category: Mapped[str] = mapped_column(index=True)
    source_id: Mapped[str | None] = mapped_column(index=True)
    currency: Mapped[str]
    gross_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    net_minor: Mapped[int] = mapped_column(BigInteger)
    exchange_rate: Mapped[Decimal | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    raw: Mapped[str]
    seen_at: Mapped[datetime]

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)


class BankStatement(Model):
    """One statement of one of our bank accounts; `path` is that account in the ledger."""

    __tablename__ = "bank_statements"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    account_number: Mapped[str]
    currency: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    opening_minor: Mapped[int] = mapped_column(BigInteger)
    closing_minor: Mapped[int] = mapped_column(BigInteger)
    first_on: Mapped[date]
    last_on: Mapped[date]
    line_count: Mapped[int]
    new_count: Mapped[int]
    imported_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    imported_at: Mapped[datetime]


class BankLine(Model):
    """A line of a statement; money that came is positive. Rows are never changed.

    `nth` tells equal lines of one day apart, so that the same statement twice adds nothing.
    """

    __tablename__ = "bank_lines"
    __table_args__ = (UniqueConstraint("path", "reference", "on", "minor", "nth"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("bank_statements.id"), index=True)
    path: Mapped[str]
    reference: Mapped[str]
    on: Mapped[date]
    minor: Mapped[int] = mapped_column(BigInteger)
    nth: Mapped[int]
    currency: Mapped[str]
    text: Mapped[str]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


class BankBooking(Model):
    """What one person says a bank's line is; with a second signature it is booked, once.

    `facts` are what was typed for its `kind`, `lines` are [path, minor units, currency],
    `body_sha256` seals what the second person reads. Decided, it is unchangeable.
    """

    __tablename__ = "bank_bookings"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("approved_by IS NULL OR withdrawn_by IS NULL", name="one_end"),
        CheckConstraint("(approved_by IS NULL) = (entry_id IS NULL)", name="signed_is_booked"),
        Index(
            "uq_bank_bookings_waiting",
            "bank_line_id",
            unique=True,
            postgresql_where=text("approved_by IS NULL AND withdrawn_by IS NULL"),
            sqlite_where=text("approved_by IS NULL AND withdrawn_by IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_line_id: Mapped[int] = mapped_column(ForeignKey("bank_lines.id"))
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]
    lines: Mapped[list[Any]]
    memo: Mapped[str]
    body_sha256: Mapped[str]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None]
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    line: Mapped[BankLine] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_waiting(self) -> bool:
        """Proposed, and neither signed nor withdrawn."""
        return self.approved_by is None and self.withdrawn_by is None


class ReconMatch(Model):
    """One line outside (of Stripe or of a bank) is one line of the ledger, for ever.

    A charge's line is two of ours, its `part` says which: what was paid (`gross`) and the `fee`;
    any other is one (`net`). `by_user_id` is nobody where the worker matched it.
    """

    __tablename__ = "recon_matches"
    __table_args__ = (
        UniqueConstraint("stripe_line_id", "part"),
        UniqueConstraint("bank_line_id"),
        UniqueConstraint("entry_id", "line_no"),
        CheckConstraint("(stripe_line_id IS NULL) <> (bank_line_id IS NULL)", name="one_side"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    stripe_line_id: Mapped[str | None] = mapped_column(ForeignKey("stripe_lines.id"))
    bank_line_id: Mapped[int | None] = mapped_column(ForeignKey("bank_lines.id"))
    part: Mapped[str]
    entry_id: Mapped[int] = mapped_column(BigInteger)
    line_no: Mapped[int]
    at: Mapped[datetime]
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
