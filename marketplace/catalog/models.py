from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import Model
from marketplace.kernel.money import Money


class ProductState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class TextStatus(StrEnum):
    """Who wrote the words: the maker, a translator, or a machine (and says so on the page)."""

    ORIGINAL = "original"
    TRANSLATED = "translated"
    MACHINE = "machine"


class Product(Model):
    """Goods as described. The maker's own words are the text in `original_locale`.

    A draft may lack everything but its name: the kind is then empty, the HS code None, and so are
    price and weight of its variant. CHECKs and triggers keep it so that nothing else lacks them.
    """

    __tablename__ = "products"
    __table_args__ = (
        Index("ix_products_state_published_at", "state", "published_at"),
        CheckConstraint(
            "state = 'draft' OR (category <> '' AND hs6 IS NOT NULL)", name="complete_beyond_draft"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), index=True)
    category: Mapped[str] = mapped_column(index=True)
    hs6: Mapped[str | None] = mapped_column(ForeignKey("hs_codes.code"))
    original_locale: Mapped[str] = mapped_column(default="id")
    state: Mapped[ProductState] = mapped_column(default=ProductState.DRAFT)
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    is_demo: Mapped[bool] = mapped_column(default=False)
    source_note: Mapped[str | None]
    form_key: Mapped[str | None] = mapped_column(unique=True)
    cooperative: Mapped[Cooperative] = relationship(lazy="joined", innerjoin=True)
    texts: Mapped[list[ProductText]] = relationship(lazy="raise")
    variants: Mapped[list[Variant]] = relationship(lazy="raise", order_by="Variant.position")
    photos: Mapped[list[Photo]] = relationship(lazy="raise", order_by="Photo.position")


class ProductText(Model):
    """Name and story in one language."""

    __tablename__ = "product_texts"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    story: Mapped[str]
    status: Mapped[TextStatus]


class Variant(Model):
    """What is counted and priced. Price in minor units of `currency`, weight with packing.

    Only a draft's may have neither yet.
    """

    __tablename__ = "variants"
    __table_args__ = (
        CheckConstraint("price_minor > 0", name="price_positive"),
        CheckConstraint("weight_grams > 0", name="weight_positive"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        CheckConstraint("held >= 0 AND held <= stock", name="held_within_stock"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    position: Mapped[int] = mapped_column(default=1)
    label: Mapped[str] = mapped_column(default="")
    price_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(default="IDR")
    weight_grams: Mapped[int | None]
    stock: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    product: Mapped[Product] = relationship(lazy="raise", back_populates="variants")

    @property
    def price(self) -> Money | None:
        return None if self.price_minor is None else Money(self.price_minor, self.currency)

    @property
    def available(self) -> int:
        """Pieces that a buyer may still put into an order."""
        return self.stock - self.held


class StockMovement(Model):
    """Append-only: why the stock of a variant changed."""

    __tablename__ = "stock_movements"
    __table_args__ = (UniqueConstraint("variant_id", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), index=True)
    change: Mapped[int]
    reason: Mapped[str]
    reference: Mapped[str]
    at: Mapped[datetime]
    by_user_id: Mapped[int | None]


class ReservationState(StrEnum):
    HELD = "held"
    TAKEN = "taken"
    RELEASED = "released"


class Reservation(Model):
    """Pieces held for an order until it is paid or `expires_at` passes."""

    __tablename__ = "reservations"
    __table_args__ = (
        UniqueConstraint("reference", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    quantity: Mapped[int]
    state: Mapped[ReservationState] = mapped_column(default=ReservationState.HELD)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Photo(Model):
    """A picture, re-encoded without metadata; `key` is the start of its file names."""

    __tablename__ = "photos"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    position: Mapped[int]
    key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    added_at: Mapped[datetime]


class PendingPhoto(Model):
    """A picture whose form was refused for another field; it waits for the form to come back."""

    __tablename__ = "pending_photos"

    id: Mapped[int] = mapped_column(primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperatives.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    width: Mapped[int]
    height: Mapped[int]
    added_at: Mapped[datetime]


class CertificateKind(StrEnum):
    HALAL = "halal"
    SVLK = "svlk"
    ORGANIC = "organic"
    GI = "gi"
    PIRT = "pirt"
    BPOM = "bpom"


class Certificate(Model):
    """A paper behind a badge. `checked_on` is empty until a person has seen it."""

    __tablename__ = "certificates"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    kind: Mapped[CertificateKind]
    number: Mapped[str]
    issuer: Mapped[str]
    valid_until: Mapped[date | None]
    checked_on: Mapped[date | None]
    source_note: Mapped[str | None]


class CatalogVersion(Model):
    """One row, raised with every visible change; pages kept in the process carry it as key."""

    __tablename__ = "catalog_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


class SearchWord(Model):
    """A word seen in some product's text: what a misspelled search may have meant."""

    __tablename__ = "search_words"

    word: Mapped[str] = mapped_column(primary_key=True)
