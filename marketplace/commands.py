"""Commands that belong to no single room."""

from __future__ import annotations

import click
from flask import Flask

from marketplace.worker import run_worker


def set_up_commands(app: Flask) -> None:
    """Attach them to `flask`."""

    @app.cli.command()
    def worker() -> None:
        """Send mails, release holds and shares, until stopped."""
        click.echo("The worker is running.")
        run_worker()
