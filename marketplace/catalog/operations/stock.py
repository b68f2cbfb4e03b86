"""Stock is counted, held for an order, taken when it is paid, or released.

Variants are locked in ascending order of id, before any reservation is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select

from marketplace.catalog.errors import OutOfStock, StockChanged, StockIsHeld
from marketplace.catalog.index import index_products
from marketplace.catalog.models import (
    Product,
    ProductState,
    ProductText,
    Reservation,
    ReservationState,
    StockMovement,
    Variant,
)
from marketplace.catalog.operations.version import raise_catalog_version
from marketplace.catalog.policies import FEW_LEFT
from marketplace.kernel.db import db, exists
from marketplace.kernel.errors import NotFound


def hold_stock(
    reference: str, quantities: Mapping[int, int], *, expires_at: datetime, at: datetime
) -> None:
    """Hold pieces (`{variant id: quantity}`) for `reference` until `expires_at`.

    Raises OutOfStock when one variant has too few, and nothing is held. A repeat is harmless;
    after a release the same reference may hold again.
    """
    variants = _lock_variants(quantities)
    known = {row.variant_id: row for row in _list_reservations(reference)}
    waiting = [
        variant
        for variant in variants
        if variant.id not in known or known[variant.id].state is ReservationState.RELEASED
    ]
    _require_available({variant: quantities[variant.id] for variant in waiting})
    with _watching(waiting):
        for variant in waiting:
            variant.held += quantities[variant.id]
            row = known.get(variant.id) or Reservation(reference=reference, variant_id=variant.id)
            row.quantity = quantities[variant.id]
            row.state = ReservationState.HELD
            row.expires_at = expires_at
            db.session.add(row)
    db.session.flush()


def take_stock(reference: str, at: datetime) -> None:
    """Turn what is held for `reference` into sold pieces, once.

    A hold that has been released meanwhile is taken from what is left; raises OutOfStock.
    """
    variants, rows = _lock_held(reference)
    pending = [row for row in rows if row.state is not ReservationState.TAKEN]
    _require_available(
        {
            variants[row.variant_id]: row.quantity
            for row in pending
            if row.state is ReservationState.RELEASED
        }
    )
    with _watching(variants.values()):
        for row in pending:
            variant = variants[row.variant_id]
            if row.state is ReservationState.HELD:
                variant.held -= row.quantity
            _move(variant, -row.quantity, reason="sold", reference=reference, by=None, at=at)
            row.state = ReservationState.TAKEN
    db.session.flush()


def release_stock(reference: str, at: datetime) -> None:
    """Give back what is held for `reference`, once; what was taken stays taken."""
    variants, rows = _lock_held(reference)
    _release(variants, rows)


def release_expired(at: datetime) -> list[str]:
    """Give back every hold whose time has passed; returns their references, oldest first."""
    expired = (
        select(Reservation)
        .where(Reservation.state == ReservationState.HELD, Reservation.expires_at <= at)
        .order_by(Reservation.expires_at, Reservation.id)
    )
    due = db.session.scalars(expired).all()
    variants = {row.id: row for row in _lock_variants({row.variant_id for row in due})}
    held = db.session.scalars(expired.execution_options(populate_existing=True)).all()
    rows = [row for row in held if row.variant_id in variants]
    _release(variants, rows)
    return list(dict.fromkeys(row.reference for row in rows))


def set_stock(
    variant: Variant,
    quantity: int,
    *,
    reason: str,
    reference: str,
    by: int | None,
    at: datetime,
) -> None:
    """Make the counted stock `quantity`, once per `reference`.

    Raises StockIsHeld when more pieces than that are held for orders.
    """
    (locked,) = _lock_variants({variant.id})
    if exists(
        select(StockMovement).where(
            StockMovement.variant_id == locked.id, StockMovement.reference == reference
        )
    ):
        return
    if quantity < locked.held:
        raise StockIsHeld(held=locked.held)
    if quantity == locked.stock:
        return
    with _watching([locked]):
        _move(locked, quantity - locked.stock, reason=reason, reference=reference, by=by, at=at)
    db.session.flush()


def count_stock(
    variant: Variant,
    quantity: int,
    *,
    seen: int | None,
    form_key: str,
    by: int | None,
    at: datetime,
) -> None:
    """Make the stock what a person counted, on a page that showed `seen` pieces.

    A count left as it was shown changes nothing, whatever was sold meanwhile. Raises StockChanged
    where both changed, StockIsHeld as `set_stock` does. What the same form counted before is
    no surprise to it, so it may be sent again, with the same count or another.
    """
    (locked,) = _lock_variants({variant.id})
    reference = f"form:{form_key}"
    own = db.session.scalars(
        select(StockMovement.change).where(
            StockMovement.variant_id == locked.id,
            or_(
                StockMovement.reference == reference,
                StockMovement.reference.startswith(f"{reference}:", autoescape=True),
            ),
        )
    ).all()
    expected = locked.stock if seen is None else seen + sum(own)
    if quantity in (expected, locked.stock):
        return
    if locked.stock != expected:
        raise StockChanged(now=locked.stock, seen=expected)
    set_stock(
        locked,
        quantity,
        reason="counted",
        reference=f"{reference}:{len(own) + 1}" if own else reference,
        by=by,
        at=at,
    )


def _lock_variants(ids: Collection[int]) -> Sequence[Variant]:
    variants = db.session.scalars(_newest(ids)).all()
    if len(variants) != len(set(ids)):
        raise NotFound
    return variants


def _newest(ids: Collection[int] | Select[int]) -> Select[Variant]:
    return (
        select(Variant)
        .where(Variant.id.in_(ids))
        .order_by(Variant.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _list_reservations(reference: str) -> Sequence[Reservation]:
    return db.session.scalars(
        select(Reservation)
        .where(Reservation.reference == reference)
        .order_by(Reservation.variant_id)
        .execution_options(populate_existing=True)
    ).all()


def _lock_held(reference: str) -> tuple[dict[int, Variant], Sequence[Reservation]]:
    held = select(Reservation.variant_id).where(Reservation.reference == reference)
    variants = {variant.id: variant for variant in db.session.scalars(_newest(held))}
    return variants, _list_reservations(reference)


def _release(variants: Mapping[int, Variant], rows: Sequence[Reservation]) -> None:
    with _watching(variants.values()):
        for row in rows:
            if row.state is ReservationState.HELD:
                variants[row.variant_id].held -= row.quantity
                row.state = ReservationState.RELEASED
    db.session.flush()


def _require_available(wanted: Mapping[Variant, int]) -> None:
    """Raise OutOfStock for the first of `{variant: quantity}` that cannot be had."""
    if not wanted:
        return
    rows = db.session.execute(
        select(Product.id, Product.state, ProductText.name)
        .join(
            ProductText,
            (ProductText.product_id == Product.id)
            & (ProductText.locale == Product.original_locale),
        )
        .where(Product.id.in_({variant.product_id for variant in wanted}))
    )
    products = {row.id: row for row in rows}
    for variant, quantity in wanted.items():
        product = products[variant.product_id]
        available = variant.available if product.state is ProductState.PUBLISHED else 0
        if quantity > available:
            raise OutOfStock(variant_id=variant.id, name=product.name, available=available)


def _move(
    variant: Variant,
    change: int,
    *,
    reason: str,
    reference: str,
    by: int | None,
    at: datetime,
) -> None:
    variant.stock += change
    db.session.add(
        StockMovement(
            variant_id=variant.id,
            change=change,
            reason=reason,
            reference=reference,
            by_user_id=by,
            at=at,
        )
    )


class _watching:
    """Make pages stale when few pieces are left, and the index follow when the last one goes."""

    def __init__(self, variants: Collection[Variant]) -> None:
        self.variants = variants
        self.before = [variant.available for variant in variants]

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        changes = [
            (variant, before)
            for variant, before in zip(self.variants, self.before, strict=True)
            if min(variant.available, FEW_LEFT + 1) != min(before, FEW_LEFT + 1)
        ]
        if changes:
            db.session.flush()
            index_products(
                {
                    variant.product_id
                    for variant, before in changes
                    if (variant.available > 0) != (before > 0)
                }
            )
            raise_catalog_version()
