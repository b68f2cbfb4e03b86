"""Commands that belong to no single room, and those of the ledger, which knows no Flask."""

from __future__ import annotations

import click
from flask import Flask

from marketplace.commands import seals  # noqa: F401  (its commands)
from marketplace.commands.books import ledger
from marketplace.kernel.config import ConfigError
from marketplace.kernel.errors import DomainError


def set_up_commands(app: Flask) -> None:
    """Attach them to `flask`."""

    @app.cli.command()
    def worker() -> None:
        """Send mails, release holds and shares, seal entries, until stopped."""
        # Here, since a web process needs neither the queue nor what it brings along.
        from marketplace.worker import run_worker

        click.echo("The worker is running.")
        try:
            run_worker()
        except (ConfigError, DomainError) as error:
            raise click.ClickException(str(error)) from error

    app.cli.add_command(ledger)
