from __future__ import annotations

import re

from flask import send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from marketplace.catalog.photo_files import media_folder
from marketplace.catalog.views.blueprints import media_files
from marketplace.web.access import public
from marketplace.web.security import limiter

A_YEAR = 365 * 24 * 3600
NAME = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{22}-(?:320|640|1280)\.(?:avif|webp)")


@media_files.get("/<path:path>")
@limiter.exempt
@public
def show_media(path: str) -> ResponseReturnValue:
    """A picture under its random name, which never changes what it shows."""
    if not NAME.fullmatch(path):
        raise NotFound
    response = send_from_directory(media_folder(), path, max_age=A_YEAR)
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
