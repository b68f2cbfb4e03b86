"""`flask customs …`."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.customs.operations import DATA, import_rules
from marketplace.kernel.db import transaction

customs = AppGroup("customs", help="Rules of Korean customs.")

A_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@customs.command("import")
@click.option("--folder", type=A_FOLDER, default=DATA, show_default="the files that come along")
def read_rules(folder: Path) -> None:
    """Read the rule files. Carriers are read by `flask reference import`, first."""
    with transaction():
        written = import_rules(folder)
    for name, count in written.items():
        click.echo(f"{name}: {count} rows")
