"""Numbers in addresses, and the page above an address that only takes posts."""

from __future__ import annotations

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map, RequestRedirect

LARGEST_ID = 2**63 - 1


class RowNumber(IntegerConverter):
    """A number that a database can hold; no page has a larger one."""

    def __init__(self, map: Map, max: int = LARGEST_ID) -> None:
        super().__init__(map, max=max)


def set_up_addresses(app: Flask) -> None:
    app.url_map.converters["int"] = RowNumber


def page_above(path: str) -> str | None:
    """`path`, or the nearest address above it that shows a page; None where there is none."""
    adapter = current_app.create_url_adapter(request)
    while adapter is not None and path.count("/") > 1:
        try:
            adapter.match(path, method="GET")
        except RequestRedirect:
            return f"{path}/"
        except HTTPException:
            path = path.rstrip("/").rpartition("/")[0]
        else:
            return path
    return None
