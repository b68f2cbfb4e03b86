"""The product editor takes several photos at once, so its forms may be larger than others."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

LARGEST_FORM = 64 * 1024 * 1024
EDITORS = frozenset({"catalog_desk.new_product", "catalog_desk.edit_product"})


def set_up_upload_limit(app: Flask) -> None:
    """Raise the limit before anything reads the form."""

    @app.url_value_preprocessor
    def raise_limit(endpoint: str | None, _: dict[str, Any] | None) -> None:
        if endpoint in EDITORS:
            request.max_content_length = LARGEST_FORM
