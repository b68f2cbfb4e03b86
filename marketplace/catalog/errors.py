"""Refusals of the catalog."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.kernel.errors import N_, Conflict, Invalid


class OutOfStock(Conflict):
    """Facts: `variant_id`, `name` (the maker's own), `available` pieces."""

    message = N_("Only %(available)s of “%(name)s” can be ordered now.")


class StockIsHeld(Conflict):
    message = N_("%(held)s pieces are held for orders, so the stock cannot be lower.")


class StockChanged(Conflict):
    """Facts: `now` pieces, and `seen` pieces when the page was opened."""

    message = N_(
        "The stock is %(now)s pieces now; it was %(seen)s when you opened this page. "
        "Write how many there are."
    )

    def __init__(self, *, now: int, seen: int) -> None:
        super().__init__(now=now, seen=seen)
        self.change = now - seen


class ProductChanged(Conflict):
    """Somebody saved the product after the page was opened. `fields` are those that changed."""

    message = N_(
        "Somebody changed this while your page was open. Nothing was saved. "
        "Save again to keep what you wrote."
    )

    def __init__(self, *, fields: Sequence[str]) -> None:
        super().__init__(fields=fields)
        self.fields = fields


class ProductIncomplete(Invalid):
    """`missing` names the fields: name, category, weight, price, hs6."""

    message = N_("Something is missing before this product can be published.")

    def __init__(self, *, missing: Sequence[str]) -> None:
        super().__init__(missing=missing)
        self.missing = missing


class PhotoRefused(Invalid):
    message = N_("This photo cannot be used.")


class NotAnImage(PhotoRefused):
    message = N_("This file is not a photo that can be read. Send a JPEG, PNG or WebP file.")


class PhotoDamaged(PhotoRefused):
    message = N_("This photo is incomplete: the end of the file is missing. Send it again.")


class PhotoTooLarge(PhotoRefused):
    message = N_("This file is larger than %(most)s MB. Send a smaller one.")


class PhotoTooManyPixels(PhotoRefused):
    message = N_("This photo has more than %(most)s million pixels. Send a smaller one.")


class TooManyPhotos(PhotoRefused):
    message = N_("A product can have %(most)s photos. Remove one first.")
