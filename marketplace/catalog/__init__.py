"""Products, variants, photos, prices, stock, certificates, texts per language, search."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.catalog.pictures import set_media_folder
    from marketplace.catalog.views import blueprints

    set_media_folder(config.media)
    mount(app, blueprints)
