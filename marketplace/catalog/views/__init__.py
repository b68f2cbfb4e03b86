from __future__ import annotations

from marketplace.catalog.views import desk, home, listing, media, product
from marketplace.catalog.views.blueprints import catalog, catalog_desk, media_files

__all__ = ["blueprints", "desk", "home", "listing", "media", "product"]

blueprints = (catalog, catalog_desk, media_files)
