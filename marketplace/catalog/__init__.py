"""Products, variants, photos, prices, stock, certificates, texts per language, search.

Owns products, product_texts, variants, stock_movements, reservations, photos, pending_photos,
certificates, catalog_version, search_words and product_search with its terms and spelling.
"""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.catalog.commands import photos, search
    from marketplace.catalog.photo_files import set_media_folder
    from marketplace.catalog.policies import tile_kind
    from marketplace.catalog.views import blueprints
    from marketplace.catalog.views.goods_of_cooperative import show_on_cooperative_page
    from marketplace.catalog.views.looks import FILTERS
    from marketplace.catalog.views.upload_limit import set_up_upload_limit

    set_media_folder(config.media)
    set_up_upload_limit(app)
    show_on_cooperative_page()
    app.cli.add_command(search)
    app.cli.add_command(photos)
    app.jinja_env.filters |= FILTERS | {"tile_kind": tile_kind}
    mount(app, blueprints)
