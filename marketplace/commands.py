"""Commands that belong to no single room."""

from __future__ import annotations

import click
from flask import Flask


def set_up_commands(app: Flask) -> None:
    """Attach them to `flask`."""

    @app.cli.command()
    def worker() -> None:
        """Send mails, release holds and shares, until stopped."""
        # Here, since a web process needs neither the queue nor what it brings along.
        from marketplace.worker import run_worker

        click.echo("The worker is running.")
        run_worker()
