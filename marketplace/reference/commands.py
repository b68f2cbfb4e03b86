"""`flask reference …` and `flask rates …`."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.kernel.db import transaction
from marketplace.reference.errors import FileRefused
from marketplace.reference.operations import DATA, import_all, import_rates

reference = AppGroup("reference", help="Regions, HS codes, carriers, postcodes, rates.")
rates = AppGroup("rates", help="Exchange rates.")

A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
A_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@reference.command("import")
@click.option("--folder", type=A_FOLDER, default=DATA, show_default="the files that come along")
def read_reference(folder: Path) -> None:
    """Read the reference files; unchanged ones are skipped."""
    try:
        with transaction():
            written = import_all(folder)
    except (FileRefused, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    for name, count in written.items():
        click.echo(f"{name}: {f'{count} rows' if count else 'unchanged'}")


@rates.command("import")
@click.argument("file", type=A_FILE)
@click.option("--source", default="ECB", show_default=True)
def read_rates(file: Path, source: str) -> None:
    """Read daily rates (date, usd_krw, usd_idr, krw_idr) from FILE."""
    try:
        with transaction():
            written = import_rates(file, source=source)
    except FileRefused as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{written} rates")
