"""`flask ledger`: the books, which know no Flask themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TextIO

import click
from flask import current_app
from flask.cli import AppGroup

ledger = AppGroup("ledger", help="The books.")

A_DAY = click.DateTime(["%Y-%m-%d"])
# Written beside FILE and moved there when whole.
A_NEW_FILE = click.File("w", encoding="utf-8", atomic=True)


@ledger.command("export")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["hledger", "beancount", "csv", "jsonl"]),
    required=True,
    help="The program that shall read it.",
)
@click.option("--from", "since", type=A_DAY, help="The first accounting day.")
@click.option("--to", "until", type=A_DAY, help="The last accounting day.")
@click.argument("file", type=A_NEW_FILE, default="-")
def export_ledger(kind: str, since: datetime | None, until: datetime | None, file: TextIO) -> None:
    """Write all entries, or those between two days, to FILE or to the screen."""
    from marketplace.kernel.db import snapshot
    from marketplace.ledger.exports import FORMATS, Funds, open_books

    if since and until and since > until:
        raise click.BadParameter("--from is after --to.")
    with snapshot():
        books = open_books(
            Funds(current_app.config["LUMBUNG"].funds),
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
        for piece in FORMATS[kind](books) if books else ():
            file.write(piece)
