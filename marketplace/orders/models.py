from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    UniqueConstraint,
    and_,
    false,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.crypto import EncryptedText
from marketplace.kernel.db import Model
from marketplace.kernel.money import Money


class Cart(Model):
    """A wish, found by the browser's `token` or by its buyer."""

    __tablename__ = "carts"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    changed_at: Mapped[datetime]


class CartLine(Model):
    __tablename__ = "cart_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), primary_key=True)
    quantity: Mapped[int]
    added_at: Mapped[datetime]


class OrderState(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    CANCELED = "canceled"


class Order(Model):
    """A frozen promise: prices, rate, address and split as they were at checkout (KRW).

    `consents` holds what the buyer agreed to and the edition of its words. `krw_idr` is rupiah
    for one won. `canceled_by` is the buyer, or nobody when the hold ran out.
    """

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    receipt_code: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    state: Mapped[OrderState] = mapped_column(default=OrderState.AWAITING_PAYMENT, index=True)
    placed_at: Mapped[datetime]
    paid_at: Mapped[datetime | None] = mapped_column(index=True)
    canceled_at: Mapped[datetime | None]
    canceled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    locale: Mapped[str]
    goods_minor: Mapped[int] = mapped_column(BigInteger)
    shipping_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    krw_idr: Mapped[Decimal]
    rate_day: Mapped[date]
    duty_estimate_minor: Mapped[int] = mapped_column(BigInteger)
    policy_id: Mapped[int] = mapped_column(ForeignKey("split_policies.id"))
    form_key: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[str] = mapped_column(EncryptedText)
    phone: Mapped[str] = mapped_column(EncryptedText)
    customs_code: Mapped[str] = mapped_column(EncryptedText)
    postcode: Mapped[str]
    address_line: Mapped[str] = mapped_column(EncryptedText)
    address_detail: Mapped[str] = mapped_column(EncryptedText)
    delivery_note: Mapped[str]
    consents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_demo: Mapped[bool] = mapped_column(default=False)
    parcels: Mapped[list[Parcel]] = relationship(lazy="raise", order_by="Parcel.number")
    line_items: Mapped[list[LineItem]] = relationship(lazy="raise", order_by="LineItem.id")

    @property
    def goods(self) -> Money:
        return Money(self.goods_minor, "KRW")

    @property
    def shipping(self) -> Money:
        return Money(self.shipping_minor, "KRW")

    @property
    def total(self) -> Money:
        return Money(self.total_minor, "KRW")

    @property
    def duty_estimate(self) -> Money:
        return Money(self.duty_estimate_minor, "KRW")


class ParcelState(StrEnum):
    WAITING = "waiting"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


class Parcel(Model):
    """One cooperative sending its line items of an order; `number` is the order's plus -1, -2 …

    `reminded_at`: the buyer was told that silence will count as arrival; `missing_at`: the buyer
    said that it has not arrived. `is_arrival_assumed`: nobody said that it has.
    """

    __tablename__ = "parcels"
    __table_args__ = (UniqueConstraint("order_id", "cooperative_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), index=True)
    state: Mapped[ParcelState] = mapped_column(default=ParcelState.WAITING, index=True)
    shipping_minor: Mapped[int] = mapped_column(BigInteger)
    weight_grams: Mapped[int]
    carrier_code: Mapped[str | None] = mapped_column(ForeignKey("carriers.code"))
    tracking_number: Mapped[str | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    missing_at: Mapped[datetime | None]
    is_arrival_assumed: Mapped[bool] = mapped_column(default=False, server_default=false())
    cooperative: Mapped[Cooperative] = relationship(lazy="joined", innerjoin=True)
    line_items: Mapped[list[LineItem]] = relationship(lazy="raise", order_by="LineItem.id")


class TrackingCorrection(Model):
    """A number that was wrong: what a parcel's carrier and number were until `at`, by whom."""

    __tablename__ = "tracking_corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"), index=True)
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.code"))
    tracking_number: Mapped[str]
    by_user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class LineItem(Model):
    """Goods of an order with the names and prices of that day."""

    __tablename__ = "line_items"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"), index=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    product_slug: Mapped[str]
    category: Mapped[str]
    name: Mapped[str]
    original_name: Mapped[str]
    hs6: Mapped[str]
    quantity: Mapped[int]
    unit_minor: Mapped[int] = mapped_column(BigInteger)
    unit_origin_minor: Mapped[int] = mapped_column(BigInteger)
    origin_currency: Mapped[str]
    weight_grams: Mapped[int]

    @property
    def unit(self) -> Money:
        return Money(self.unit_minor, "KRW")

    @property
    def amount(self) -> Money:
        return self.unit * self.quantity


class SplitPart(StrEnum):
    COOPERATIVE = "cooperative"
    SERVICE = "service"
    VILLAGE_SHARE = "village_share"
    SHIPPING = "shipping"


class OrderSplit(Model):
    """Who gets how much of a parcel's payment, frozen at checkout, in won.

    `owed_minor` is the cooperative's part in its own currency at the order's rate.
    """

    __tablename__ = "order_splits"
    __table_args__ = (UniqueConstraint("parcel_id", "part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"))
    part: Mapped[SplitPart]
    minor: Mapped[int] = mapped_column(BigInteger)
    owed_minor: Mapped[int | None] = mapped_column(BigInteger)
    owed_currency: Mapped[str | None]


class OrderRefund(Model):
    """Part of an order given back. `cumulative_minor` can never pass what was paid.

    `failed_at` marks a refund that Stripe refused: it counts no more.
    """

    __tablename__ = "order_refunds"
    __table_args__ = (
        UniqueConstraint("order_id", "seq"),
        CheckConstraint("minor > 0", name="positive"),
        CheckConstraint("cumulative_minor <= paid_minor", name="within_paid"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"))
    seq: Mapped[int]
    minor: Mapped[int] = mapped_column(BigInteger)
    cumulative_minor: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    by_user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    failed_at: Mapped[datetime | None]
    entry_id: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def amount(self) -> Money:
        return Money(self.minor, "KRW")


class RefundPart(Model):
    """How one refund was taken from the parts of a parcel's split."""

    __tablename__ = "refund_parts"

    refund_id: Mapped[int] = mapped_column(ForeignKey("order_refunds.id"), primary_key=True)
    split_id: Mapped[int] = mapped_column(ForeignKey("order_splits.id"), primary_key=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    owed_minor: Mapped[int | None] = mapped_column(BigInteger)


class ParcelDispute(Model):
    """A parcel's part of a dispute that was lost.

    Held money gave it at once (`entry_id`). What was released before waits for a person, who says
    with a `reason` whether the cooperative `is_at_fault`; nobody says so of held money.
    """

    __tablename__ = "parcel_disputes"
    __table_args__ = (
        UniqueConstraint("dispute_id", "parcel_id"),
        CheckConstraint("minor > 0", name="positive"),
        CheckConstraint("ruled_by IS NULL OR reason <> ''", name="reasoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dispute_id: Mapped[str] = mapped_column(ForeignKey("disputes.id"))
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"), index=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    lost_at: Mapped[datetime]
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    is_at_fault: Mapped[bool | None]
    reason: Mapped[str | None]
    ruled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ruled_at: Mapped[datetime | None]
    parcel: Mapped[Parcel] = relationship(lazy="joined", innerjoin=True)

    @property
    def amount(self) -> Money:
        return Money(self.minor, "KRW")

    @property
    def waits(self) -> bool:
        return self.entry_id is None


class DisputePart(Model):
    """How a lost dispute was taken from the parts of a parcel's split."""

    __tablename__ = "dispute_parts"

    parcel_dispute_id: Mapped[int] = mapped_column(
        ForeignKey("parcel_disputes.id"), primary_key=True
    )
    split_id: Mapped[int] = mapped_column(ForeignKey("order_splits.id"), primary_key=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    owed_minor: Mapped[int | None] = mapped_column(BigInteger)


class PaidFreight(Model):
    """What buyers had paid for a parcel's freight when its carrier was paid, once for a parcel.

    `entry_id` is the carrier's invoice. Rows are never changed.
    """

    __tablename__ = "paid_freights"

    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, index=True)
    minor: Mapped[int] = mapped_column(BigInteger)


class RequestKind(StrEnum):
    CANCELLATION = "cancellation"
    RETURN = "return"


class RequestReason(StrEnum):
    CHANGED_MIND = "changed_mind"
    BROKEN = "broken"
    WRONG_GOODS = "wrong_goods"
    NOT_AS_DESCRIBED = "not_as_described"
    NEVER_ARRIVED = "never_arrived"
    OTHER = "other"


class ParcelRequest(Model):
    """A buyer asks for the money of a parcel: before it is sent, or after it has come.

    Open until `answered_at` or `withdrawn_at`; at most one of a parcel is open. The answer is a
    `refusal` in words, or the refund `refund_id`, which answers once Stripe has taken it.
    """

    __tablename__ = "parcel_requests"
    __table_args__ = (
        Index(
            "uq_parcel_requests_open",
            "parcel_id",
            unique=True,
            sqlite_where=text("answered_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("answered_at IS NULL AND withdrawn_at IS NULL"),
        ),
        CheckConstraint(
            "answered_at IS NULL OR refusal IS NOT NULL OR refund_id IS NOT NULL", name="answer"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"), index=True)
    kind: Mapped[RequestKind]
    reason: Mapped[RequestReason]
    details: Mapped[str]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    refusal: Mapped[str | None]
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("order_refunds.id"))
    withdrawn_at: Mapped[datetime | None]

    @hybrid_property
    def is_open(self) -> bool:
        return self.answered_at is None and self.withdrawn_at is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls) -> ColumnElement[bool]:
        return and_(cls.answered_at.is_(None), cls.withdrawn_at.is_(None))

    @property
    def is_granted(self) -> bool:
        return self.answered_at is not None and self.refusal is None

    @property
    def is_being_refunded(self) -> bool:
        return self.is_open and self.refund_id is not None


class LotSide(StrEnum):
    PAYABLE = "payable"
    CLAWBACK = "clawback"


class OwedLot(Model):
    """Rupiah a cooperative is owed (or owes us) and the won they stand for at their order's rate.

    First in, first out. What is left of all lots of a side is the balance of its account.
    """

    __tablename__ = "owed_lots"
    __table_args__ = (UniqueConstraint("entry_id", "side"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), index=True)
    side: Mapped[LotSide]
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcels.id"))
    entry_id: Mapped[int] = mapped_column(BigInteger)
    minor: Mapped[int] = mapped_column(BigInteger)
    book_minor: Mapped[int] = mapped_column(BigInteger)


class OwedLotUse(Model):
    """What the entry took of a lot; negative when it gave back. Rows are never changed."""

    __tablename__ = "owed_lot_uses"

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(ForeignKey("owed_lots.id"), primary_key=True, index=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    book_minor: Mapped[int] = mapped_column(BigInteger)


class PayoutBatch(Model):
    """Payouts gathered by one person and released by another.

    `body_sha256` seals what both of them read.
    """

    __tablename__ = "payout_batches"
    __table_args__ = (
        CheckConstraint("released_by IS NULL OR released_by <> proposed_by", name="four_eyes"),
        CheckConstraint("released_by IS NULL OR canceled_by IS NULL", name="one_end"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    body_sha256: Mapped[str]
    form_key: Mapped[str | None] = mapped_column(unique=True)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    released_at: Mapped[datetime | None]
    canceled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    canceled_at: Mapped[datetime | None]
    payouts: Mapped[list[Payout]] = relationship(
        lazy="raise", order_by="Payout.id", back_populates="batch"
    )

    @property
    def is_waiting(self) -> bool:
        return self.released_by is None and self.canceled_by is None


class PayoutState(StrEnum):
    WAITING = "waiting"
    CANCELED = "canceled"
    SENT = "sent"
    SETTLED = "settled"
    REJECTED = "rejected"


class Payout(Model):
    """Money on its way to one cooperative, in whole rupiah.

    What the cooperative owed us (`netted_minor`) was set off first. `book_minor` are the won that
    the rupiah stand for at the rates of their orders. The account is the one that was checked when
    the batch was released.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        UniqueConstraint("batch_id", "cooperative_id"),
        CheckConstraint("minor > 0 AND minor % 100 = 0", name="whole_rupiah"),
        CheckConstraint("netted_minor >= 0", name="netted"),
        CheckConstraint("settled_on IS NULL OR rejected_at IS NULL", name="one_end"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("payout_batches.id"))
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), index=True)
    minor: Mapped[int] = mapped_column(BigInteger)
    netted_minor: Mapped[int] = mapped_column(BigInteger)
    bank_code: Mapped[str | None]
    account_number: Mapped[str | None] = mapped_column(EncryptedText)
    holder: Mapped[str | None] = mapped_column(EncryptedText)
    book_minor: Mapped[int | None] = mapped_column(BigInteger)
    netting_entry_id: Mapped[int | None] = mapped_column(BigInteger)
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    settled_on: Mapped[date | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    bank_reference: Mapped[str | None]
    paid_minor: Mapped[int | None] = mapped_column(BigInteger)
    fee_minor: Mapped[int | None] = mapped_column(BigInteger)
    settlement_entry_id: Mapped[int | None] = mapped_column(BigInteger)
    rejected_at: Mapped[datetime | None]
    rejected_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None]
    rejection_entry_id: Mapped[int | None] = mapped_column(BigInteger)
    batch: Mapped[PayoutBatch] = relationship(
        lazy="joined", innerjoin=True, back_populates="payouts"
    )
    cooperative: Mapped[Cooperative] = relationship(lazy="joined", innerjoin=True)

    @property
    def amount(self) -> Money:
        return Money(self.minor, "IDR")

    @property
    def netted(self) -> Money:
        return Money(self.netted_minor, "IDR")

    @property
    def book(self) -> Money:
        return Money(self.book_minor or 0, "KRW")

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor or 0, "KRW")

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor or 0, "KRW")

    @property
    def loss(self) -> Money:
        """What the exchange cost us; a gain is negative."""
        return self.paid - self.book

    @property
    def state(self) -> PayoutState:
        if self.settled_on is not None:
            return PayoutState.SETTLED
        if self.rejected_at is not None:
            return PayoutState.REJECTED
        if self.batch.canceled_by is not None:
            return PayoutState.CANCELED
        return PayoutState.SENT if self.batch.released_by is not None else PayoutState.WAITING
