"""Tables as files to keep: CSV that Excel opens in Korean, and XLSX with real numbers and days.

A file is whole before the first byte leaves, so that a fault is an error page and never a file
that ends too early. Neither kind holds more than one row in memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, islice
from tempfile import TemporaryFile
from typing import IO, Any

import structlog
from flask import Blueprint, Response, send_file, url_for
from flask_login import current_user

from marketplace.kernel.money import MINOR_DIGITS, Money
from marketplace.kernel.time import SEOUL, now, today_in_seoul

log = structlog.get_logger()

Cell = str | int | Decimal | date | datetime | Money | None
FILE = "download.<any(csv,xlsx):suffix>"
KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# With these a spreadsheet takes a text for a formula; the wide ones are typed on Asian keyboards.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SIGNS = {"KRW": "[$₩-412]", "IDR": "[$Rp-421] ", "USD": "[$$-409]", "EUR": "[$€-2]"}
ROWS_OF_A_SHEET = 1_000_000
WIDTH = 20


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below one line of headings. Moments are written in Seoul's time, as the books are."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def offer(page: str, /, **values: Any) -> list[tuple[str, str]]:
    """The names and addresses of the files of a page, in the blueprint of the page."""
    return [
        (suffix.upper(), url_for(f".download_{page}", suffix=suffix, **values))
        for suffix in ("csv", "xlsx")
    ]


def offered_at(
    blueprint: Blueprint, address: str, page: str, *, to: Callable[[Any], Any]
) -> Callable[[Callable[[], Table]], Callable[[], Table]]:
    """What the decorated function gives is a file below `address`, for those whom `to` lets in.

    `offer(page)` leads there.
    """

    def register(build: Callable[[], Table]) -> Callable[[], Table]:
        def download(suffix: str) -> Response:
            name = f"lumbung-{page.replace('_', '-')}-{today_in_seoul(now())}"
            return take_along(build(), name=name, suffix=suffix)

        blueprint.add_url_rule(f"{address}{FILE}", f"download_{page}", to(download))
        return build

    return register


def take_along(table: Table, *, name: str, suffix: str) -> Response:
    """The table as a file; who took it stands in the log."""
    response = send_table(table, name=name, kind=suffix)
    log.info("books taken along", file=name, by=current_user.id)
    return response


def send_table(table: Table, *, name: str, kind: str) -> Response:
    """The table as a file to keep, called `name` and the ending of its `kind`; nobody stores it."""
    file = TemporaryFile()  # noqa: SIM115  (closed by the response)
    try:
        (_write_csv if kind == "csv" else _write_xlsx)(table, file)
        size = file.tell()
        file.seek(0)
        response = send_file(
            file, mimetype=KINDS[kind], as_attachment=True, download_name=f"{name}.{kind}"
        )
    except BaseException:
        file.close()
        raise
    response.content_length = size
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _write_csv(table: Table, file: IO[bytes]) -> None:
    # Excel takes a file for Unicode only when it begins with this mark.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(map(_plain, table.columns))
    for row in table.rows:
        writer.writerow(map(_plain, row))
    text.detach()


def _plain(cell: Cell) -> str:
    """A text that would be a formula is kept one by an apostrophe."""
    match cell:
        case None:
            return ""
        case Money():
            return f"{cell.major:f}"
        case datetime():
            return f"{cell.astimezone(SEOUL):%Y-%m-%d %H:%M}"
        case date() | int():
            return str(cell)
        case Decimal():
            return f"{cell:f}"
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _write_xlsx(table: Table, file: IO[bytes]) -> None:
    # Here, since few requests need it and it takes a while to import.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    rows: Iterator[Sequence[Cell]] = iter(table.rows)
    for number in count():
        sheet = _new_sheet(book, table, number)
        for row in islice(rows, ROWS_OF_A_SHEET):
            sheet.append([_typed(sheet, cell) for cell in row])
        first = next(rows, None)
        if first is None:
            break
        rows = chain([first], rows)
    book.save(file)


def _new_sheet(book: Any, table: Table, number: int) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(table.title[:28] + (f" {number + 1}" if number else ""))
    sheet.freeze_panes = "A2"
    for place in range(1, len(table.columns) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTH
    headings = [WriteOnlyCell(sheet, column) for column in table.columns]
    for heading in headings:
        heading.font = Font(bold=True)
    sheet.append(headings)
    return sheet


def _typed(sheet: Any, cell: Cell) -> Any:
    """A cell of the sheet: amounts are numbers, days are days, and no text is ever a formula."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    match cell:
        case Money():
            typed = WriteOnlyCell(sheet, cell.major)
            typed.number_format = _number_format(cell.currency)
        case datetime():
            typed = WriteOnlyCell(sheet, cell.astimezone(SEOUL).replace(tzinfo=None))
            typed.number_format = "yyyy-mm-dd hh:mm"
        case date():
            typed = WriteOnlyCell(sheet, cell)
            typed.number_format = "yyyy-mm-dd"
        case str():
            text = ILLEGAL_CHARACTERS_RE.sub("", cell)
            if not text.startswith((*FORMULA, "#")):
                return text
            typed = WriteOnlyCell(sheet, text)
            typed.data_type = "s"
            # Stays a text when somebody edits it.
            typed.quotePrefix = True
        case _:
            return cell
    return typed


def _number_format(currency: str) -> str:
    digits = MINOR_DIGITS[currency]
    return f"{SIGNS[currency]}#,##0{'.' if digits else ''}{'0' * digits}"
