from __future__ import annotations

from flask import Blueprint

catalog = Blueprint("catalog", __name__)
catalog_desk = Blueprint("catalog_desk", __name__, url_prefix="/c/<cooperative>/products")
media_files = Blueprint("media", __name__, url_prefix="/!media")
