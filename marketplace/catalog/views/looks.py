"""Filters that turn the catalog's values into what components want."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from marketplace.catalog.models import ProductText
from marketplace.catalog.photo_files import LONG_SIDE, SQUARES, photo_path
from marketplace.catalog.queries import Badge, Card
from marketplace.catalog.queries.pages import Maker
from marketplace.catalog.words import (
    category_name,
    certificate_in_full,
    certificate_name,
    state_name,
)
from marketplace.web.locale import current_language

KEPT_CARDS = 512


def media_url(key: str, size: int, kind: str = "webp") -> str:
    return f"/media/{photo_path(key, size, kind)}"


def square_photo(key: str | None) -> dict[str, str] | None:
    """Sources of the square picture for the component `tile`, None where there is no photo."""
    if key is None:
        return None
    small, large = SQUARES
    return {
        "src": media_url(key, large),
        "alt": "",
        **{
            kind: f"{media_url(key, small, kind)} {small}w, {media_url(key, large, kind)} {large}w"
            for kind in ("avif", "webp")
        },
    }


def large_photo(key: str) -> str:
    return media_url(key, LONG_SIDE)


def badge_labels(badges: Sequence[Badge]) -> list[tuple[str, str]]:
    return [(certificate_name(badge.kind), "ok" if badge.is_checked else "") for badge in badges]


def card_html(card: Card, lazy: bool = False) -> Markup:
    """A card of the shop. Made once of the same card: lists show the same goods again and again."""
    return _card_html(card, lazy, current_language(), request.script_root)


@lru_cache(maxsize=KEPT_CARDS)
def _card_html(card: Card, lazy: bool, lang: str, script_root: str) -> Markup:
    module: Any = current_app.jinja_env.get_template("catalog/_card.html").module
    return Markup(module.product_card(card, lazy))  # noqa: S704 – a macro returns markup


def maker_facts(maker: Maker) -> list[tuple[str, str]]:
    """Rows beside the product about who made it."""
    place = ", ".join(filter(None, (maker.village, maker.district, maker.regency)))
    members = ngettext("%(num)s person", "%(num)s people", maker.members)
    if maker.members:
        women = _("%(percent)s%% women", percent=maker.women_percent)
        members = f"{members} ({women})"
    rows = [(_("Village") if maker.village else _("Place"), place), (_("Members"), members)]
    if maker.founded_year:
        rows.append((_("Founded"), str(maker.founded_year)))
    return rows


def original_name(texts: Sequence[ProductText], locale: str) -> str:
    return next((text.name for text in texts if text.locale == locale), "")


FILTERS = {
    "badge_labels": badge_labels,
    "card_html": card_html,
    "category_name": category_name,
    "certificate_in_full": certificate_in_full,
    "certificate_name": certificate_name,
    "large_photo": large_photo,
    "maker_facts": maker_facts,
    "original_name": original_name,
    "square_photo": square_photo,
    "state_name": state_name,
}
