"""What the reader of the list has chosen: read from the address, shown as boxes and chips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import request, url_for
from flask_babel import gettext as _

from marketplace.catalog.search import SORTS, Filters, Found
from marketplace.catalog.words import (
    CATEGORIES,
    CERTIFICATES,
    ISLANDS,
    category_name,
    certificate_name,
    island_name,
)
from marketplace.kernel.money import won
from marketplace.reference.memory import Memory
from marketplace.reference.queries import list_provinces
from marketplace.web.formats import format_money
from marketplace.web.locale import current_language

MOST_VALUES = 40
MOST_SHOWN = 8
SHOWN = {"province": 4}
LONGEST_TEXT = 120
DEAREST = 100_000_000
CODE = re.compile(r"[\w-]{1,80}", re.ASCII)

_provinces: Memory[dict[str, dict[str, str]]] = Memory()


@dataclass(frozen=True)
class Choice:
    """What the address says: words, filters, order."""

    text: str
    filters: Filters
    sort: str

    @classmethod
    def of_request(cls) -> Choice:
        sort = request.args.get("sort", "")
        return cls(
            text=request.args.get("q", "").replace("\0", "").strip()[:LONGEST_TEXT],
            filters=Filters(
                category=_known("category", CATEGORIES),
                province=_values("province"),
                island=_known("island", ISLANDS),
                certificate=_known("certificate", CERTIFICATES),
                cooperative=next(iter(_values("cooperative")), ""),
                price_from=_amount("price_from"),
                price_to=_amount("price_to"),
                is_available=request.args.get("stock") == "1",
            ),
            sort=sort if sort in SORTS else "",
        )

    @property
    def fields(self) -> dict[str, Any]:
        """The address's query again, without the page."""
        filters = self.filters
        fields = {
            "q": self.text,
            "category": list(filters.category),
            "province": list(filters.province),
            "island": list(filters.island),
            "certificate": list(filters.certificate),
            "cooperative": filters.cooperative,
            "price_from": filters.price_from,
            "price_to": filters.price_to,
            "stock": "1" if filters.is_available else None,
            "sort": self.sort,
        }
        return {name: value for name, value in fields.items() if value not in ("", None, [])}

    def address(self, **changes: Any) -> str:
        return url_for("catalog.list_products", **{**self.fields, **changes})

    def address_without(self, name: str, value: str = "") -> str:
        fields = self.fields
        if value and isinstance(fields.get(name), list):
            fields[name] = [other for other in fields[name] if other != value]
        else:
            fields.pop(name, None)
        return url_for("catalog.list_products", **fields)

    def page_address(self, number: int) -> str:
        return self.address(page=number)

    @property
    def count(self) -> int:
        return len(self.chips())

    def chips(self) -> list[dict[str, Any]]:
        """Each choice with the address of the list without it."""
        filters = self.filters
        chips = [
            (name(value), group, value)
            for group, name in NAMES.items()
            for value in getattr(filters, group)
        ]
        if filters.price_from is not None:
            text = _("From %(amount)s", amount=format_money(won(filters.price_from)))
            chips.append((text, "price_from", ""))
        if filters.price_to is not None:
            text = _("Up to %(amount)s", amount=format_money(won(filters.price_to)))
            chips.append((text, "price_to", ""))
        if filters.is_available:
            chips.append((_("In stock"), "stock", ""))
        return [
            {"label": label, "url": self.address_without(group, value), "is_removable": True}
            for label, group, value in chips
        ]

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """Fields that a small form carries along."""
        pairs: list[tuple[str, str]] = []
        for name, value in self.fields.items():
            if name not in without:
                values = value if isinstance(value, list) else [value]
                pairs += [(name, str(one)) for one in values]
        return pairs


def _values(name: str) -> tuple[str, ...]:
    values = [value for value in request.args.getlist(name) if CODE.fullmatch(value)]
    return tuple(dict.fromkeys(values))[:MOST_VALUES]


def _known(name: str, words: Collection[str]) -> tuple[str, ...]:
    """What is no value of ours is not chosen."""
    return tuple(value for value in _values(name) if value in words)


def _amount(name: str) -> int | None:
    """Digits as people type them: `100,000`, `100.000원`. Nothing costs less than nothing."""
    if request.args.get(name, "").strip().startswith(("-", "−")):
        return None
    digits = "".join(sign for sign in request.args.get(name, "")[:20] if sign in "0123456789")
    return min(int(digits), DEAREST) if digits else None


def province_name(letters: str) -> str:
    provinces = _provinces.recall(
        "all",
        lambda: {
            row.letters: {lang: row.name(lang) for lang in ("ko", "id", "en")}
            for row in list_provinces()
        },
    )
    return provinces.get(letters, {}).get(current_language(), letters)


NAMES: Mapping[str, Callable[[str], str]] = {
    "category": category_name,
    "certificate": certificate_name,
    "island": island_name,
    "province": province_name,
}


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    count: int
    is_chosen: bool


class Options(NamedTuple):
    """The values of a group; the first ones stand open."""

    first: Sequence[Option]
    rest: Sequence[Option]

    @property
    def all(self) -> Sequence[Option]:
        return [*self.first, *self.rest]


def options(group: str, found: Found, chosen: Sequence[str]) -> Options:
    """The values of a group that would leave something, most products first."""
    counts: Counter[str] = found.facets.get(group, Counter())
    values = dict.fromkeys([*(value for value, _count in counts.most_common()), *chosen])
    boxes = [Option(value, NAMES[group](value), counts[value], value in chosen) for value in values]
    shown = SHOWN.get(group, MOST_SHOWN)
    return Options(boxes[:shown], boxes[shown:])
