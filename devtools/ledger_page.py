"""Writes the worked postings into docs/ledger.md, from the tables that the tests read.

`python -m devtools.ledger_page` writes the page anew; `make docs` calls it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "ledger.md"
STORIES = ROOT / "docs" / "worked-postings.md"
SALES = ROOT / "docs" / "worked-postings.csv"
PROGRAMS = ROOT / "tests" / "reinvestment" / "worked_postings.csv"
BEGIN, END = "<!-- worked postings: begin -->\n", "<!-- worked postings: end -->\n"

KINDS = {
    "pledge": "A company promises 30,000,000 won.",
    "pledge_received": "The bank shows 10,000,000 won of it.",
    "allocation": "A program of 10,000,000 won is approved: money is set aside for it.",
    "disbursement": "A first part of 2,500,000 won is sent to the village.",
    "disbursement_settled": "The bank statement shows it.",
    "allocation_returned": "The program ends early: what it did not use goes back.",
}


def page_as_it_should_be() -> str:
    """The page with its tables written anew; everything else as it is."""
    before, _begin, rest = PAGE.read_text().partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{''.join(_sections())}{END}{after}"


def _sections() -> Iterator[str]:
    stories = dict(re.findall(r"^\| ([A-Z]+) \| (.*) \|$", STORIES.read_text(), re.MULTILINE))
    rows = _read(SALES)
    yield "### A sale, its refunds, its release, its payout\n\n"
    for example in dict.fromkeys(row["example"] for row in rows):
        mine = [row for row in rows if row["example"] == example]
        yield f"**{example}.** {stories[example]}\n\n"
        for kind in dict.fromkeys(row["entry"] for row in mine):
            lines = [(r["account"], int(r["amount"])) for r in mine if r["entry"] == kind]
            yield _table(kind, lines)
    yield "### A pledge and a program\n\n"
    programs = _read(PROGRAMS)
    for kind, story in KINDS.items():
        yield f"{story}\n\n"
        yield _table(
            kind, [(f"{r['path']}:krw", int(r["minor"])) for r in programs if r["entry"] == kind]
        )


def _table(kind: str, lines: list[tuple[str, int]]) -> str:
    rows = [
        f"| `{code}` | {_amount(code, minor) if minor > 0 else ''} "
        f"| {_amount(code, -minor) if minor < 0 else ''} |\n"
        for code, minor in lines
    ]
    return f"| `{kind}` | debit | credit |\n|---|--:|--:|\n{''.join(rows)}\n"


def _amount(code: str, minor: int) -> str:
    """Won are whole; rupiah are kept in sen."""
    if code.endswith(":idr"):
        return f"Rp {Decimal(minor) / 100:,.2f}"
    return f"₩{minor:,}"


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    PAGE.write_text(page_as_it_should_be())
