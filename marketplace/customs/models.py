from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Model


class TariffLine(Model):
    """A Korean duty rate for goods from Indonesia, by HS prefix and agreement.

    Where `won_per_kg` is given, the duty is whichever of the two is greater.
    """

    __tablename__ = "tariff_lines"
    __table_args__ = (UniqueConstraint("hs_prefix", "agreement", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hs_prefix: Mapped[str] = mapped_column(index=True)
    agreement: Mapped[str]
    percent: Mapped[Decimal]
    won_per_kg: Mapped[int | None]
    valid_from: Mapped[date]
    is_checked: Mapped[bool]
    source: Mapped[str]


class CustomsRule(Model):
    """A named figure of customs law, e.g. `duty-free-limit-usd`, from `valid_from` on."""

    __tablename__ = "customs_rules"
    __table_args__ = (UniqueConstraint("name", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    value: Mapped[Decimal]
    valid_from: Mapped[date]
    is_checked: Mapped[bool]
    source: Mapped[str]


class RestrictionKind(StrEnum):
    REFUSED = "refused"
    PERMIT = "permit"
    DECLARATION = "declaration"


class Restriction(Model):
    """Goods that Korea refuses, wants a permit for, or wants declared whatever the value."""

    __tablename__ = "restrictions"
    __table_args__ = (UniqueConstraint("hs_prefix", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hs_prefix: Mapped[str] = mapped_column(index=True)
    kind: Mapped[RestrictionKind]
    most_grams: Mapped[int | None]
    note_en: Mapped[str]
    note_ko: Mapped[str]
    note_id: Mapped[str]
    is_checked: Mapped[bool]
    source: Mapped[str]


class ShippingRate(Model):
    """Price of one parcel up to `up_to_grams`, in whole won."""

    __tablename__ = "shipping_rates"
    __table_args__ = (UniqueConstraint("carrier_code", "up_to_grams", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.code"))
    up_to_grams: Mapped[int]
    price_krw: Mapped[int]
    valid_from: Mapped[date]
    is_checked: Mapped[bool]
