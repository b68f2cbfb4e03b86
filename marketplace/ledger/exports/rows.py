"""The books for programs of one's own: a row per posting, or a line of JSON per fact."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.exports.books import Books, ExportedEntry

COLUMNS = (
    *("number", "effective_on", "occurred_on", "kind", "about", "matter", "reverses"),
    *("line", "account", "class", "currency", "amount"),
)


def csv_rows(books: Books) -> Iterator[str]:
    """A row per posting; debit positive, credit negative, in units of the currency."""
    writer = csv.writer(_Passing(), lineterminator="\n")
    classes = books.classes()
    yield writer.writerow(COLUMNS)
    for entry in books.entries():
        facts = _facts(entry).values()
        for posting in entry.postings:
            amount = posting.amount
            line = [posting.line_no, posting.code, classes[posting.code]]
            yield writer.writerow([*facts, *line, amount.currency, f"{amount.major:f}"])


def json_lines(books: Books) -> Iterator[str]:
    """A line per entry with its postings, then one per decision, without who made it.

    Amounts and shares are text, since JSON's numbers are floats.
    """
    classes = books.classes()
    for entry in books.entries():
        lines = [
            {
                "account": posting.code,
                "class": classes[posting.code],
                "currency": posting.amount.currency,
                "amount": f"{posting.amount.major:f}",
            }
            for posting in entry.postings
        ]
        yield json.dumps(_facts(entry) | {"lines": lines}, separators=(",", ":")) + "\n"
    for decision in books.decisions():
        facts = {
            "decision": decision.number,
            "decided_on": str(today_in_seoul(decision.decided_at)),
            "kind": decision.kind,
            "outcome": decision.outcome,
            "body": decision.body,
        }
        yield json.dumps(facts, separators=(",", ":")) + "\n"


def _facts(entry: ExportedEntry) -> dict[str, object]:
    return {
        "number": entry.number,
        "effective_on": str(entry.effective_on),
        "occurred_on": str(entry.occurred_on),
        "kind": entry.kind,
        "about": entry.about,
        "matter": entry.matter,
        "reverses": entry.reverses,
    }


class _Passing:
    """Gives back what the writer of CSV writes."""

    def write(self, text: str) -> str:
        return text
