"""What changes the catalog."""

from __future__ import annotations

from marketplace.catalog.operations.photos import (
    add_photo,
    attach_photo,
    forget_pending_photos,
    keep_pending_photo,
    remove_photo,
    use_pending_photo,
)
from marketplace.catalog.operations.products import (
    Text,
    certify_product,
    create_product,
    edit_product,
    find_written_by,
    publish_product,
    traces_now,
    withdraw_product,
)
from marketplace.catalog.operations.stock import (
    count_stock,
    hold_stock,
    release_expired,
    release_stock,
    set_stock,
    take_stock,
)
from marketplace.catalog.operations.version import raise_catalog_version

__all__ = [
    "Text",
    "add_photo",
    "attach_photo",
    "certify_product",
    "count_stock",
    "create_product",
    "edit_product",
    "find_written_by",
    "forget_pending_photos",
    "hold_stock",
    "keep_pending_photo",
    "publish_product",
    "raise_catalog_version",
    "release_expired",
    "release_stock",
    "remove_photo",
    "set_stock",
    "take_stock",
    "traces_now",
    "use_pending_photo",
    "withdraw_product",
]
