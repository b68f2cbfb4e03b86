"""Reading the rule files. Every rule is a row with the day from which it holds."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace.customs.models import (
    CustomsRule,
    Restriction,
    RestrictionKind,
    ShippingRate,
    TariffLine,
)
from marketplace.customs.policies import AGREEMENTS, BASE
from marketplace.customs.queries import books, restrictions
from marketplace.kernel.db import Model, db

DATA = Path(__file__).parent / "data"
BASE_RATES_FROM = date(2023, 1, 1)

Line = dict[str, str]


def import_rules(folder: Path = DATA) -> dict[str, int]:
    """Read all rule files of `folder`; return rows by file. Safe to repeat: rows are updated."""
    written = {
        "customs_rules.csv": _import(
            CustomsRule, ("name", "valid_from"), map(_figure, _lines(folder / "customs_rules.csv"))
        ),
        "tariff_lines.csv": _import(
            TariffLine,
            ("hs_prefix", "agreement", "valid_from"),
            (row for line in _lines(folder / "tariff_lines.csv") for row in _tariffs(line)),
        ),
        "restrictions.csv": _import(
            Restriction,
            ("hs_prefix", "kind"),
            map(_restriction, _lines(folder / "restrictions.csv")),
        ),
        "shipping_rates.csv": _import(
            ShippingRate,
            ("carrier_code", "up_to_grams", "valid_from"),
            map(_freight, _lines(folder / "shipping_rates.csv")),
        ),
    }
    db.session.flush()
    books.forget()
    restrictions.forget()
    return written


def _import(model: type[Model], key: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> int:
    """Update the row with the same key, or add it."""
    known = {
        tuple(getattr(row, name) for name in key): row
        for row in db.session.scalars(select(model)).all()
    }
    count = 0
    for values in rows:
        row = known.get(tuple(values[name] for name in key))
        if row is None:
            db.session.add(model(**values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
        count += 1
    return count


def _lines(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _figure(line: Line) -> dict[str, Any]:
    return {
        "name": line["name"],
        "value": Decimal(line["value"]),
        "valid_from": date.fromisoformat(line["valid_from"]),
        "is_checked": line["is_checked"] == "yes",
        "source": line["source"],
    }


def _tariffs(line: Line) -> Iterator[dict[str, Any]]:
    """One row for the base rate and one for each agreement that has a concession."""
    agreed_from = date.fromisoformat(line["agreements_valid_from"])
    for agreement in (BASE, *AGREEMENTS):
        if not line[agreement]:
            continue
        percent, _, per_kg = line[agreement].partition(" or ")
        is_base = agreement == BASE
        checked = line["base_is_checked" if is_base else "agreements_are_checked"]
        yield {
            "hs_prefix": line["hs"],
            "agreement": agreement,
            "percent": Decimal(percent),
            "won_per_kg": int(per_kg.removesuffix(" won/kg")) if per_kg else None,
            "valid_from": BASE_RATES_FROM if is_base else agreed_from,
            "is_checked": checked == "yes",
            "source": line["source"],
        }


def _restriction(line: Line) -> dict[str, Any]:
    return {
        "hs_prefix": line["hs_prefix"],
        "kind": RestrictionKind(line["kind"]),
        "most_grams": int(line["most_grams"]) if line["most_grams"] else None,
        "note_en": line["note_en"],
        "note_ko": line["note_ko"],
        "note_id": line["note_id"],
        "is_checked": line["is_checked"] == "yes",
        "source": line["source"],
    }


def _freight(line: Line) -> dict[str, Any]:
    return {
        "carrier_code": line["carrier_code"],
        "up_to_grams": int(line["up_to_grams"]),
        "price_krw": int(line["price_krw"]),
        "valid_from": date.fromisoformat(line["valid_from"]),
        "is_checked": line["is_checked"] == "yes",
    }
