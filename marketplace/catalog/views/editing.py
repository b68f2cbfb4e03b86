"""What the product editor needs around its form: photos that wait, HS codes, the live card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from marketplace.catalog.errors import PhotoRefused, TooManyPhotos
from marketplace.catalog.forms import MOST_GRAMS, ProductForm
from marketplace.catalog.models import PendingPhoto, Product
from marketplace.catalog.operations import keep_pending_photo, remove_photo
from marketplace.catalog.photo_files import remove_files
from marketplace.catalog.policies import (
    MOST_PHOTOS,
    SOLD_BY_WEIGHT,
    TYPICAL_CODES,
    UNSPECIFIED_HEADING,
    names_goods,
    unit_price,
)
from marketplace.catalog.queries import Card, Prices
from marketplace.catalog.views.looks import media_url
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db, transaction
from marketplace.reference.hs_search import search_hs_codes
from marketplace.reference.models import HsCode
from marketplace.reference.queries import find_hs_code, list_hs_codes, list_namesakes
from marketplace.web.errors import explain
from marketplace.web.locale import current_language

MOST_SLOTS = 6
MOST_CODES = 12


def keep_photos(
    cooperative: Cooperative, files: Sequence[FileStorage], *, taken: int, at: datetime
) -> tuple[list[PendingPhoto], list[str]]:
    """Store every picture that can be used, whatever else is wrong; say why the others cannot."""
    kept: list[PendingPhoto] = []
    refused: list[str] = []
    if not files:
        return kept, refused
    from marketplace.catalog.pictures import stored_photo

    for file in files:
        try:
            if taken + len(kept) >= MOST_PHOTOS:
                raise TooManyPhotos(most=MOST_PHOTOS)
            with stored_photo(file.stream) as photo, transaction():
                kept.append(keep_pending_photo(cooperative, photo, at))
        except PhotoRefused as error:
            refused.append(_("%(file)s: %(reason)s", file=_short(file), reason=explain(error)))
    return kept, refused


def _short(file: FileStorage) -> str:
    return (file.filename or "")[-40:]


def take_away(key: str, product: Product | None, kept: Sequence[PendingPhoto]) -> None:
    """Remove one picture, hung or waiting; a key of somebody else's does nothing."""
    hung = [photo for photo in (product.photos if product else []) if photo.key == key]
    waiting = [photo for photo in kept if photo.key == key]
    with transaction():
        for photo in hung:
            remove_photo(photo)
        for pending in waiting:
            db.session.delete(pending)
    if hung or waiting:
        remove_files(key)


def shown_photos(product: Product | None, kept: Sequence[PendingPhoto]) -> list[dict[str, str]]:
    """Pictures for the component `upload`, hung ones first."""
    keys = [photo.key for photo in (product.photos if product else [])]
    return [
        {"src": media_url(key, 320), "alt": _("Photo %(number)s", number=number), "key": key}
        for number, key in enumerate([*keys, *(photo.key for photo in kept)], 1)
    ]


@dataclass(frozen=True)
class CodeChoice:
    """The HS code a text means, or those it may mean."""

    chosen: HsCode | None
    offers: Sequence[HsCode]


def find_code(text: str | None) -> CodeChoice:
    """By six digits (dots allowed), or by words such as “kopi sangrai”."""
    text = (text or "").replace("\0", "").strip()
    exact = find_hs_code(text)
    if exact is not None and names_goods(exact.code):
        return CodeChoice(exact, [exact])
    return CodeChoice(None, search_hs_codes(text, MOST_CODES, without=UNSPECIFIED_HEADING))


def typical_codes() -> Sequence[HsCode]:
    """Codes that village goods usually have, offered while typing."""
    return list_hs_codes(TYPICAL_CODES)


def code_names(codes: Sequence[HsCode]) -> dict[str, str]:
    """What the codes mean, with their heading: the six digits alone often say only “other”.

    Where two codes have the same Indonesian words, the English ones, which differ, stand before.
    """
    lang = current_language()
    headings = {
        row.code: row.description(lang) for row in list_hs_codes({code.code[:4] for code in codes})
    }
    namesakes = list_namesakes({code.code for code in codes}) if lang == "id" else set()
    names = {
        code.code: ": ".join(filter(None, (headings.get(code.code[:4]), code.description(lang))))
        for code in codes
    }
    return {
        code.code: _(
            "“%(english)s” in English; %(name)s",
            english=code.description_en,
            name=names[code.code],
        )
        if code.code in namesakes
        else names[code.code]
        for code in codes
    }


def preview(
    cooperative: Cooperative,
    form: ProductForm,
    product: Product | None,
    *,
    prices: Prices,
    photo: str | None,
) -> Card | None:
    """The card as it will stand in the shop, once there is a price and a weight."""
    money, grams = form.money, form.weight_grams.number
    if money is None or not grams or grams > MOST_GRAMS:
        return None
    price = prices.won(money)
    code = find_code(form.hs6.data).chosen
    landed = prices.landed(price, hs6=code.code, weight_grams=grams) if code else None
    original = form.name.data or ""
    local = next((row.name for row in product.texts if row.locale == "ko"), "") if product else ""
    category = form.category.data or ""
    facts: dict[str, Any] = {
        "slug": product.slug if product else "",
        "name": local or original,
        "orig": original if local else "",
        "orig_locale": "id",
        "category": category,
        "price": price,
        "unit_price": unit_price(price, grams) if category in SOLD_BY_WEIGHT else None,
        "weight_grams": grams,
        "landed": landed.total if landed else None,
        "share": prices.village_share(price),
        "badges": (),
        "is_new": False,
        "available": 1 if form.stock.number is None else form.stock.number,
        "photo": photo,
        "coop_name": cooperative.name,
        "coop_slug": cooperative.slug,
        "coop_motif": cooperative.motif,
        "coop_dye": cooperative.dye,
        "place": cooperative.regency.province.name(current_language()),
    }
    return Card(**facts)
