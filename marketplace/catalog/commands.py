from __future__ import annotations

from datetime import timedelta

import click
from flask.cli import AppGroup

from marketplace.catalog.index import rebuild
from marketplace.catalog.operations import forget_pending_photos, raise_catalog_version
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now

search = AppGroup("search", help="The search index.")
photos = AppGroup("photos", help="Pictures of products.")


@search.command("rebuild")
def rebuild_search() -> None:
    """Write the whole search index anew."""
    with transaction():
        count = rebuild()
        raise_catalog_version()
    click.echo(f"{count} products in the index")


@photos.command("sweep")
@click.option("--days", default=1, help="Keep what is younger.")
def sweep_photos(days: int) -> None:
    """Drop pictures whose form never came back."""
    with transaction():
        count = forget_pending_photos(now() - timedelta(days=days))
    click.echo(f"{count} pictures dropped")
