"""Reading the data files into tables. Reading the same file again changes nothing."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite

from marketplace.kernel.db import Model, db
from marketplace.reference.errors import FileRefused
from marketplace.reference.models import (
    Carrier,
    District,
    ExchangeRate,
    HsCode,
    ImportedFile,
    KoreanPostcode,
    Province,
    Regency,
    Village,
)
from marketplace.reference.queries import rates

DATA = Path(__file__).parent / "data"
TIME_ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
ECB_PAIRS = {"usd_krw": ("USD", "KRW"), "usd_idr": ("USD", "IDR"), "krw_idr": ("KRW", "IDR")}

Row = dict[str, Any]
Line = dict[str, str]


def import_all(folder: Path = DATA) -> dict[str, int]:
    """Read every reference file of `folder`; return the rows written, by file.

    Safe to repeat: an unchanged file is skipped, a changed one updates its rows.
    Raises FileRefused.
    """
    written = {name: import_file(folder / name, model, read) for name, model, read in FILES}
    rates.forget()
    return written


def import_file(path: Path, model: type[Model], read: Callable[[Line], Iterable[Row]]) -> int:
    """Write the rows of one file, unless it was read before as it is now."""
    table = cast(Table, model.__table__)
    content = path.read_bytes()
    fingerprint = hashlib.sha256(content).hexdigest()
    known = db.session.get(ImportedFile, path.name)
    if known and known.sha256 == fingerprint and _count(table) >= known.row_count:
        return 0
    written = write_rows(table, _rows(path, content, read))
    db.session.merge(ImportedFile(name=path.name, sha256=fingerprint, row_count=written))
    return written


def import_rates(path: Path, *, source: str = "ECB") -> int:
    """Read daily rates in the shape of the ECB file (date, usd_krw, usd_idr, krw_idr).

    A day that is already known gets the rate of the file. Raises FileRefused.
    """
    written = write_rows(
        cast(Table, ExchangeRate.__table__),
        _rows(path, path.read_bytes(), lambda line: _rates(line, source=source)),
    )
    rates.forget()
    return written


def set_rate(base: str, quote: str, day: date, rate: Decimal, *, source: str) -> None:
    """Keep one rate of one day, replacing an earlier one."""
    db.session.merge(ExchangeRate(day=day, base=base, quote=quote, rate=rate, source=source))
    db.session.flush()
    rates.forget()


def write_rows(table: Table, rows: Iterable[Row]) -> int:
    """Insert or update `rows` by primary key in large bites; return how many."""
    statement = insert(table) if _count(table) == 0 else _upsert(table)
    connection = db.session.connection()
    written = 0
    remaining = iter(rows)
    while bite := list(islice(remaining, 10_000)):
        connection.execute(statement, bite)
        written += len(bite)
    return written


def _upsert(table: Table) -> Any:
    on: dict[str, Any] = {"sqlite": insert_on_sqlite, "postgresql": insert_on_postgresql}
    statement = on[db.session.connection().dialect.name](table)
    changed = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


def _count(table: Table) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def _rows(path: Path, content: bytes, read: Callable[[Line], Iterable[Row]]) -> Iterator[Row]:
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    try:
        lines = csv.DictReader(io.StringIO(text.decode("utf-8-sig")))
        for line in lines:
            yield from read(line)
    except KeyError as error:
        raise FileRefused(file=path.name, reason=f"the column {error} is missing") from error
    except (InvalidOperation, ValueError) as error:
        reason = f"line {lines.line_num}: {error}"
        raise FileRefused(file=path.name, reason=reason) from error


def _province(line: Line) -> Iterable[Row]:
    yield {
        "code": line["code"],
        "letters": line["iso_3166_2"].removeprefix("ID-"),
        "name_id": line["name_id"],
        "name_en": line["name_en"],
        "name_ko": line["name_ko"],
        "iso": line["iso_3166_2"],
        "island_group": line["island_group"],
        "timezone": TIME_ZONES[line["timezone"]],
        "population": int(line["population"]),
    }


def _regency(line: Line) -> Iterable[Row]:
    yield {
        "code": line["code"],
        "province_code": line["province_code"],
        "kind": line["type"],
        "name": line["name_id"],
    }


def _district(line: Line) -> Iterable[Row]:
    yield {"code": line["code"], "regency_code": line["regency_code"], "name": line["name_id"]}


def _village(line: Line) -> Iterable[Row]:
    yield {
        "code": line["code"],
        "district_code": line["district_code"],
        "kind": line["type"],
        "name": line["name_id"],
        "postcode": line["postcode"],
    }


def _hs_code(line: Line) -> Iterable[Row]:
    yield {
        "code": line["code"],
        "level": int(line["level"]),
        "parent": line["parent"] or None,
        "section": line["section"],
        "description_en": line["description_en"],
        "description_id": line["description_id"],
    }


def _rates(line: Line, source: str = "ECB") -> Iterable[Row]:
    day = date.fromisoformat(line["date"])
    for column, (base, quote) in ECB_PAIRS.items():
        rate = Decimal(line[column])
        if not rate.is_finite() or rate <= 0:
            raise ValueError(f"{rate} is no rate")
        yield {"day": day, "base": base, "quote": quote, "rate": rate, "source": source}


def read_carrier(line: Line) -> Iterable[Row]:
    yield {name: line[name] for name in ("code", "name", "tracking_url")}


def _postcode(line: Line) -> Iterable[Row]:
    yield {
        "postcode": line["postcode"],
        "sigungu": line["sigungu"],
        "sido": line["sido_current"],
    }


FILES: tuple[tuple[str, type[Model], Callable[[Line], Iterable[Row]]], ...] = (
    ("id_provinces.csv", Province, _province),
    ("id_regencies.csv", Regency, _regency),
    ("id_districts.csv.gz", District, _district),
    ("id_villages.csv.gz", Village, _village),
    ("hs2022.csv", HsCode, _hs_code),
    ("carriers.csv", Carrier, read_carrier),
    ("kr_postcodes.csv.gz", KoreanPostcode, _postcode),
    ("fx_ecb_daily.csv", ExchangeRate, _rates),
)
