from __future__ import annotations

from datetime import datetime
from typing import IO

from sqlalchemy import delete, func, select

from marketplace.catalog.errors import TooManyPhotos
from marketplace.catalog.models import PendingPhoto, Photo, Product
from marketplace.catalog.operations.version import raise_catalog_version
from marketplace.catalog.photo_files import StoredPhoto, is_same_picture, remove_files
from marketplace.catalog.policies import MOST_PHOTOS
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db, lock


def add_photo(product: Product, stream: IO[bytes], at: datetime) -> Photo:
    """Read the picture in `stream` and hang it last. Raises PhotoRefused, and nothing is stored.

    Encoding takes a moment: a page wraps `stored_photo` around its transaction instead.
    """
    from marketplace.catalog.pictures import stored_photo

    with stored_photo(stream) as photo:
        return attach_photo(product, photo, at)


def attach_photo(product: Product, photo: StoredPhoto, at: datetime) -> Photo:
    """Hang a stored picture last. Raises TooManyPhotos."""
    lock(Product, product.id)
    count, last = db.session.execute(
        select(func.count(), func.coalesce(func.max(Photo.position), 0)).where(
            Photo.product_id == product.id
        )
    ).one()
    if count >= MOST_PHOTOS:
        raise TooManyPhotos(most=MOST_PHOTOS)
    row = Photo(
        product_id=product.id,
        position=last + 1,
        key=photo.key,
        width=photo.width,
        height=photo.height,
        added_at=at,
    )
    db.session.add(row)
    db.session.flush()
    raise_catalog_version()
    return row


def remove_photo(photo: Photo) -> str:
    """Take a picture down; returns its key, whose files are removed after the commit."""
    db.session.execute(delete(Photo).where(Photo.id == photo.id))
    raise_catalog_version()
    return photo.key


def keep_pending_photo(cooperative: Cooperative, photo: StoredPhoto, at: datetime) -> PendingPhoto:
    """Keep a picture whose form has another mistake, until the form comes back."""
    pending = PendingPhoto(
        cooperative_id=cooperative.id,
        key=photo.key,
        width=photo.width,
        height=photo.height,
        added_at=at,
    )
    db.session.add(pending)
    db.session.flush()
    return pending


def use_pending_photo(product: Product, pending: PendingPhoto, at: datetime) -> Photo | None:
    """Hang a kept picture on the product its form has made. Raises TooManyPhotos.

    None where the product has this picture already, as after a double tap; then its files are
    to be removed after the commit.
    """
    lock(Product, product.id)
    db.session.execute(delete(PendingPhoto).where(PendingPhoto.id == pending.id))
    hung = db.session.scalars(select(Photo.key).where(Photo.product_id == product.id))
    if any(is_same_picture(pending.key, key) for key in hung):
        return None
    return attach_photo(product, StoredPhoto(pending.key, pending.width, pending.height), at)


def forget_pending_photos(before: datetime) -> int:
    """Drop kept pictures whose form never came back, with their files."""
    rows = db.session.scalars(select(PendingPhoto).where(PendingPhoto.added_at < before)).all()
    for row in rows:
        remove_files(row.key)
        db.session.delete(row)
    db.session.flush()
    return len(rows)
