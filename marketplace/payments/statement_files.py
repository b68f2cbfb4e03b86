"""Statements of banks as files: CSV with our columns, and camt.053 of ISO 20022.

camt.053 is read with the standard library: of its several hundred elements a dozen matter here,
and the libraries for it bring a web framework along or weigh 29 MB. A document that declares a
type or entities is refused before it is read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree as ET
from xml.parsers import expat

from marketplace.kernel.money import LARGEST, MINOR_DIGITS
from marketplace.payments.errors import (
    NotAStatement,
    StatementCurrency,
    StatementEmpty,
    StatementUnreadable,
)

COLUMNS = ("account", "currency", "date", "amount", "balance", "reference", "text")
BOOKED = "BOOK"
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
LONGEST = 500


@dataclass(frozen=True, slots=True)
class FileLine:
    """Money that came is positive; `reference` is the bank's, `row` its place in the file."""

    on: date
    minor: int
    reference: str
    text: str
    row: int


@dataclass(frozen=True, slots=True)
class FileStatement:
    account: str
    currency: str
    opening_minor: int
    closing_minor: int
    lines: Sequence[FileLine]

    @property
    def moving(self) -> Sequence[FileLine]:
        """The lines that move money; banks also write down what costs nothing."""
        return [line for line in self.lines if line.minor]

    @property
    def sum_minor(self) -> int:
        return self.opening_minor + sum(line.minor for line in self.lines)


def read_statements(body: bytes) -> Sequence[FileStatement]:
    """What is in a file. Raises NotAStatement, StatementUnreadable, and StatementEmpty where no
    line moves money.

    Whether it is of our accounts and adds up is not asked here.
    """
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = _read_camt(body) if text.startswith(b"<") or b"<\x00" in body[:4] else _read_csv(body)
    if not any(statement.moving for statement in found):
        raise StatementEmpty
    return found


def _read_csv(body: bytes) -> Sequence[FileStatement]:
    try:
        text = body.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotAStatement from error
    if not rows:
        if set(COLUMNS) <= set(text.strip().split(",")):
            raise StatementEmpty
        raise NotAStatement
    if not set(COLUMNS) <= set(rows[0]):
        raise NotAStatement
    by_account: dict[tuple[str, str], list[tuple[FileLine, int]]] = {}
    for number, row in enumerate(rows, start=2):
        key = (_letters(row["account"] or ""), (row["currency"] or "").strip().upper())
        by_account.setdefault(key, []).append(_csv_line(row, number, key[1]))
    return [
        _statement_of(account, currency, lines) for (account, currency), lines in by_account.items()
    ]


def _csv_line(row: dict[str, str | None], number: int, currency: str) -> tuple[FileLine, int]:
    try:
        on = date.fromisoformat((row["date"] or "").strip())
    except ValueError as error:
        raise StatementUnreadable(row=number, text=_short(row["date"])) from error
    minor = _minor(row["amount"], currency, number)
    line = FileLine(on, minor, _plain(row["reference"]), _plain(row["text"]), number)
    return line, _minor(row["balance"], currency, number)


def _statement_of(account: str, currency: str, rows: list[tuple[FileLine, int]]) -> FileStatement:
    """Banks list the oldest line first, or the newest: the one that adds up is meant."""
    for ordered in (rows, rows[::-1]):
        opening = ordered[0][1] - ordered[0][0].minor
        sums = opening
        for line, balance in ordered:
            sums += line.minor
            if sums != balance:
                break
        else:
            break
    else:
        ordered = rows
        opening = rows[0][1] - rows[0][0].minor
    return FileStatement(account, currency, opening, ordered[-1][1], [line for line, _ in ordered])


def _read_camt(body: bytes) -> Sequence[FileStatement]:
    _refuse_declarations(body)
    try:
        root = ET.fromstring(body)  # noqa: S314  (no type, no entities: see above)
    except ET.ParseError as error:
        raise NotAStatement from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != "Document" or root.find("BkToCstmrStmt") is None:
        raise NotAStatement
    return [_camt_statement(found) for found in root.iterfind("BkToCstmrStmt/Stmt")]


def _refuse_declarations(body: bytes) -> None:
    def refuse(*_: object) -> None:
        raise NotAStatement

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise NotAStatement from error


def _camt_statement(found: ET.Element) -> FileStatement:
    account = found.findtext("Acct/Id/IBAN") or found.findtext("Acct/Id/Othr/Id") or ""
    balances = {
        balance.findtext("Tp/CdOrPrtry/Cd") or "": balance for balance in found.iterfind("Bal")
    }
    opening = next((balances[code] for code in OPENING if code in balances), None)
    closing = next((balances[code] for code in CLOSING if code in balances), None)
    if opening is None or closing is None:
        raise NotAStatement
    currency = _currency(closing)
    lines = []
    for number, entry in enumerate(found.iterfind("Ntry"), start=1):
        state = entry.findtext("Sts/Cd") or (entry.findtext("Sts") or "").strip()
        if state == BOOKED:
            if _currency(entry) != currency:
                raise StatementCurrency(found=_currency(entry), right=currency)
            lines.append(_camt_line(entry, currency, number))
    return FileStatement(
        _letters(account),
        currency,
        _signed(opening, currency, 0),
        _signed(closing, currency, 0),
        lines,
    )


def _camt_line(entry: ET.Element, currency: str, number: int) -> FileLine:
    day = entry.findtext("BookgDt/Dt") or (entry.findtext("BookgDt/DtTm") or "")[:10]
    try:
        on = date.fromisoformat(day.strip())
    except ValueError as error:
        raise StatementUnreadable(row=number, text=_short(day)) from error
    reference = entry.findtext("AcctSvcrRef") or entry.findtext("NtryRef") or ""
    words = [
        entry.findtext("AddtlNtryInf"),
        *(found.text for found in entry.iterfind("NtryDtls/TxDtls/Refs/EndToEndId")),
        *(found.text for found in entry.iterfind("NtryDtls/TxDtls/RmtInf/Ustrd")),
    ]
    text = " ".join(word.strip() for word in words if word and word.strip())
    return FileLine(on, _signed(entry, currency, number), _plain(reference), _plain(text), number)


def _currency(element: ET.Element) -> str:
    amount = element.find("Amt")
    return "" if amount is None else amount.get("Ccy", "")


def _signed(element: ET.Element, currency: str, number: int) -> int:
    minor = _minor(element.findtext("Amt"), currency, number)
    return -minor if element.findtext("CdtDbtInd") == "DBIT" else minor


def _minor(text: str | None, currency: str, number: int) -> int:
    """Whole minor units; nothing is rounded."""
    if currency not in MINOR_DIGITS:
        raise StatementUnreadable(row=number, text=_short(currency))
    try:
        amount = Decimal((text or "").strip().replace(",", ""))
        scaled = amount.scaleb(MINOR_DIGITS[currency])
        if not amount.is_finite() or scaled != int(scaled) or abs(scaled) > LARGEST:
            raise ValueError
    except (InvalidOperation, ValueError) as error:
        raise StatementUnreadable(row=number, text=_short(text)) from error
    return int(scaled)


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _plain(text: str | None) -> str:
    return " ".join((text or "").replace("\0", "").split())[:LONGEST]


def _short(text: str | None) -> str:
    return _plain(text)[:40]
