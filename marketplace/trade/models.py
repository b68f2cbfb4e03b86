from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organization
from marketplace.catalog.models import Product
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import Model
from marketplace.kernel.money import Money


class ExportProfile(Model):
    """A product's offer for export: minimum order, price by quantity, capacity.

    `price_breaks` is a list of `[quantity, unit price in USD cents]`, smallest quantity first;
    `lowest_price_minor` repeats the last price, to sort by.
    """

    __tablename__ = "export_profiles"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    unit: Mapped[str]
    moq: Mapped[int] = mapped_column(index=True)
    price_breaks: Mapped[list[Any]]
    lowest_price_minor: Mapped[int] = mapped_column(BigInteger)
    incoterm: Mapped[str]
    place: Mapped[str]
    lead_time_days: Mapped[int]
    capacity_per_month: Mapped[int]
    packing: Mapped[str]
    shelf_life_months: Mapped[int | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    product: Mapped[Product] = relationship(lazy="joined", innerjoin=True)

    @property
    def lowest_price(self) -> Money:
        return Money(self.lowest_price_minor, "USD")

    @property
    def highest_price(self) -> Money:
        return Money(max(price for _, price in self.price_breaks), "USD")

    def price_for(self, quantity: int) -> Money:
        """The unit price of the largest step that `quantity` reaches."""
        reached = [price for least, price in self.price_breaks if quantity >= least]
        return Money(reached[-1] if reached else self.price_breaks[0][1], "USD")


class RfqState(StrEnum):
    OPEN = "open"
    QUOTED = "quoted"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Rfq(Model):
    """A partner's request for a quotation to one cooperative."""

    __tablename__ = "rfqs"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), index=True)
    quantity: Mapped[int]
    unit: Mapped[str]
    incoterm: Mapped[str]
    place: Mapped[str]
    wanted_on: Mapped[date | None]
    state: Mapped[RfqState] = mapped_column(default=RfqState.OPEN)
    form_key: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    organization: Mapped[Organization] = relationship(lazy="raise")
    product: Mapped[Product] = relationship(lazy="raise")
    cooperative: Mapped[Cooperative] = relationship(lazy="raise")

    @property
    def is_closed(self) -> bool:
        return self.state in {RfqState.ACCEPTED, RfqState.DECLINED}


class Side(StrEnum):
    """Who speaks in a request."""

    PARTNER = "partner"
    COOPERATIVE = "cooperative"


class RfqMessage(Model):
    """What either side wrote, in `locale`; append-only."""

    __tablename__ = "rfq_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    rfq_id: Mapped[int] = mapped_column(ForeignKey("rfqs.id"), index=True)
    side: Mapped[Side]
    by_user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    body: Mapped[str]
    locale: Mapped[str]
    form_key: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]


class Quotation(Model):
    """A dated, priced offer; a newer revision replaces the older, which stays readable.

    What the paper says of the goods (`goods`, `hs6`, `packing`) is kept as it was that day.
    """

    __tablename__ = "quotations"
    __table_args__ = (
        UniqueConstraint("rfq_id", "revision"),
        CheckConstraint("quantity > 0 AND unit_price_minor > 0", name="positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    rfq_id: Mapped[int] = mapped_column(ForeignKey("rfqs.id"))
    revision: Mapped[int]
    goods: Mapped[str]
    hs6: Mapped[str]
    packing: Mapped[str]
    quantity: Mapped[int]
    unit: Mapped[str]
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    incoterm: Mapped[str]
    place: Mapped[str]
    incoterms_edition: Mapped[int]
    lead_time_days: Mapped[int]
    valid_until: Mapped[date]
    note: Mapped[str]
    locale: Mapped[str]
    form_key: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    @property
    def unit_price(self) -> Money:
        return Money(self.unit_price_minor, self.currency)

    @property
    def total(self) -> Money:
        return self.unit_price * self.quantity


class QuotationAcceptance(Model):
    """The partner said yes; who signed for the buyer, and when."""

    __tablename__ = "quotation_acceptances"

    quotation_id: Mapped[int] = mapped_column(ForeignKey("quotations.id"), primary_key=True)
    signer: Mapped[str]
    by_user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class RfqDecline(Model):
    """One side ended the request without a deal."""

    __tablename__ = "rfq_declines"

    rfq_id: Mapped[int] = mapped_column(ForeignKey("rfqs.id"), primary_key=True)
    side: Mapped[Side]
    reason: Mapped[str]
    locale: Mapped[str]
    by_user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
