"""What buyers ask about parcels: to cancel them, or to send their goods back."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Row, and_, select

from marketplace.accounts.models import User
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.orders.models import Parcel, ParcelRequest, ParcelState, TrackingCorrection
from marketplace.orders.queries.orders import has_goods_left


def find_open_request(parcel: Parcel) -> ParcelRequest | None:
    return db.session.scalar(
        select(ParcelRequest).where(ParcelRequest.parcel_id == parcel.id, ParcelRequest.is_open)
    )


def get_request(parcel: Parcel, request_id: int) -> ParcelRequest:
    """A request about this parcel; that of another does not exist."""
    found = db.session.get(ParcelRequest, request_id)
    if found is None or found.parcel_id != parcel.id:
        raise NotFound
    return found


def latest_requests(parcel_ids: Collection[int]) -> dict[int, ParcelRequest]:
    """The last request about each parcel that has any: the open one, if there is one.

    What was withdrawn counts as never asked.
    """
    rows = db.session.scalars(
        select(ParcelRequest)
        .where(ParcelRequest.parcel_id.in_(parcel_ids), ParcelRequest.withdrawn_at.is_(None))
        .order_by(ParcelRequest.id)
    )
    return {row.parcel_id: row for row in rows}


def has_open_request() -> ColumnElement[bool]:
    """Whether a request about a Parcel is open, as a condition of a statement."""
    return (
        select(ParcelRequest.id)
        .where(ParcelRequest.parcel_id == Parcel.id, ParcelRequest.is_open)
        .correlate(Parcel)
        .exists()
    )


def is_missing() -> ColumnElement[bool]:
    """Whether a Parcel is on its way, its buyer says it has not come, and it is not refunded."""
    return and_(
        Parcel.state == ParcelState.SHIPPED, Parcel.missing_at.is_not(None), has_goods_left()
    )


def list_corrections(parcel: Parcel) -> Sequence[Row[TrackingCorrection, str]]:
    """The numbers a parcel had before, newest first, with who corrected them."""
    return db.session.execute(
        select(TrackingCorrection, User.name)
        .join(User, User.id == TrackingCorrection.by_user_id)
        .where(TrackingCorrection.parcel_id == parcel.id)
        .order_by(TrackingCorrection.id.desc())
    ).all()
