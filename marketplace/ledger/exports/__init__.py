"""The books as plain text that other programs read and check, without a word about people.

`FORMATS` maps the name of a format to a function from books to pieces of text, in one fixed order.
Rule: docs/adr/0007-plain-text-exports.md
"""

from marketplace.ledger.exports.beancount import beancount
from marketplace.ledger.exports.books import Books, ExportedEntry, open_books
from marketplace.ledger.exports.hledger import hledger
from marketplace.ledger.exports.names import Funds
from marketplace.ledger.exports.rows import csv_rows, json_lines

FORMATS = {
    "hledger": hledger,
    "beancount": beancount,
    "csv": csv_rows,
    "jsonl": json_lines,
}

__all__ = ["FORMATS", "Books", "ExportedEntry", "Funds", "open_books"]
