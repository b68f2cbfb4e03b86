"""Stock is counted, held for an order, taken when it is paid, or released.

Variants are locked in ascending order of id, before any reservation is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update

from marketplace.catalog.errors import StockChanged, StockIsHeld
from marketplace.catalog.models import Reservation, ReservationState, StockMovement, Variant
from marketplace.catalog.operations.counts import (
    Count,
    lock_counts,
    lock_counts_held,
    require_available,
    write_counts,
)
from marketplace.kernel.db import db, exists
from marketplace.kernel.rows import run, upsert

_RESERVATIONS = select(
    Reservation.id,
    Reservation.reference,
    Reservation.variant_id,
    Reservation.quantity,
    Reservation.state,
)
_OF_REFERENCE = _RESERVATIONS.where(Reservation.reference == bindparam("reference")).order_by(
    Reservation.variant_id
)
_EXPIRED = _RESERVATIONS.where(
    Reservation.state == ReservationState.HELD, Reservation.expires_at <= bindparam("at")
).order_by(Reservation.expires_at, Reservation.id)
_SET_STATE = (
    update(Reservation)
    .where(Reservation.id == bindparam("reservation"))
    .values(state=bindparam("becomes"))
)
_MOVE = insert(StockMovement)


def hold_stock(
    reference: str, quantities: Mapping[int, int], *, expires_at: datetime, at: datetime
) -> None:
    """Hold pieces (`{variant id: quantity}`) for `reference` until `expires_at`.

    Raises OutOfStock when one variant has too few, and nothing is held. A repeat is harmless;
    after a release the same reference may hold again.
    """
    counts = lock_counts(quantities)
    rows = _list_reservations(reference)
    kept = {row.variant_id for row in rows if row.state is not ReservationState.RELEASED}
    wanted = {counts[key]: quantities[key] for key in counts if key not in kept}
    require_available(wanted)
    for count, quantity in wanted.items():
        count.held += quantity
    upsert(
        Reservation,
        [
            {
                "reference": reference,
                "variant_id": count.variant_id,
                "quantity": quantity,
                "state": ReservationState.HELD,
                "expires_at": expires_at,
            }
            for count, quantity in wanted.items()
        ],
        key=("reference", "variant_id"),
        change=("quantity", "state", "expires_at"),
    )
    write_counts(wanted)


def take_stock(reference: str, at: datetime) -> None:
    """Turn what is held for `reference` into sold pieces, once.

    A hold that has been released meanwhile is taken from what is left; raises OutOfStock.
    """
    counts = lock_counts_held(reference)
    rows = _list_reservations(reference)
    pending = [row for row in rows if row.state is not ReservationState.TAKEN]
    released = [row for row in pending if row.state is ReservationState.RELEASED]
    require_available({counts[row.variant_id]: row.quantity for row in released})
    for row in pending:
        if row.state is ReservationState.HELD:
            counts[row.variant_id].held -= row.quantity
    sold = {counts[row.variant_id]: -row.quantity for row in pending}
    _move(sold, reason="sold", reference=reference, by=None, at=at)
    _set_state(pending, ReservationState.TAKEN)
    write_counts(sold)


def release_stock(reference: str, at: datetime) -> None:
    """Give back what is held for `reference`, once; what was taken stays taken."""
    counts = lock_counts_held(reference)
    _release(counts, _list_reservations(reference))


def release_expired(at: datetime) -> list[str]:
    """Give back every hold whose time has passed; returns their references, oldest first."""
    due = run(_EXPIRED, {"at": at}).all()
    if not due:
        return []
    counts = lock_counts({row.variant_id for row in due})
    rows = [row for row in run(_EXPIRED, {"at": at}) if row.variant_id in counts]
    _release(counts, rows)
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
    count = lock_counts([variant.id])[variant.id]
    if exists(
        select(StockMovement).where(
            StockMovement.variant_id == variant.id, StockMovement.reference == reference
        )
    ):
        return
    if quantity < count.held:
        raise StockIsHeld(held=count.held)
    if quantity == count.stock:
        return
    change = quantity - count.stock
    _move({count: change}, reason=reason, reference=reference, by=by, at=at)
    write_counts([count])
    db.session.expire(variant, ["stock", "held"])


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
    stock = lock_counts([variant.id])[variant.id].stock
    reference = f"form:{form_key}"
    own = db.session.scalars(
        select(StockMovement.change).where(
            StockMovement.variant_id == variant.id,
            or_(
                StockMovement.reference == reference,
                StockMovement.reference.startswith(f"{reference}:", autoescape=True),
            ),
        )
    ).all()
    expected = stock if seen is None else seen + sum(own)
    if quantity in (expected, stock):
        return
    if stock != expected:
        raise StockChanged(now=stock, seen=expected)
    set_stock(
        variant,
        quantity,
        reason="counted",
        reference=f"{reference}:{len(own) + 1}" if own else reference,
        by=by,
        at=at,
    )


def _list_reservations(reference: str) -> Sequence[Row[Any]]:
    return run(_OF_REFERENCE, {"reference": reference}).all()


def _release(counts: Mapping[int, Count], rows: Sequence[Row[Any]]) -> None:
    held = [row for row in rows if row.state is ReservationState.HELD]
    for row in held:
        counts[row.variant_id].held -= row.quantity
    _set_state(held, ReservationState.RELEASED)
    write_counts({counts[row.variant_id] for row in held})


def _set_state(rows: Collection[Row[Any]], state: ReservationState) -> None:
    if rows:
        run(_SET_STATE, [{"reservation": row.id, "becomes": state} for row in rows])


def _move(
    changes: Mapping[Count, int], *, reason: str, reference: str, by: int | None, at: datetime
) -> None:
    """Add the pieces of `changes` (taken away where negative) to the stock, and note why."""
    for count, change in changes.items():
        count.stock += change
    if changes:
        run(
            _MOVE,
            [
                {
                    "variant_id": count.variant_id,
                    "change": change,
                    "reason": reason,
                    "reference": reference,
                    "by_user_id": by,
                    "at": at,
                }
                for count, change in changes.items()
            ],
        )
