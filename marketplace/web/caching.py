"""Whole pages kept in the process, for visitors of whom nothing is known.

A visitor is a stranger as long as the browser sends no cookie but the language and the theme.
Pages kept for them must not touch the session: no token, no flash, no cookie. Their small forms
are protected by the origin instead; see `security.same_origin`.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from flask import Flask, Response, make_response, request
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from marketplace.kernel.db import db
from marketplace.web.access import LAST_READER

MOST_PAGES = 256
MOST_PARTS = 512
LONGEST_QUERY = 300
HARMLESS_COOKIES = frozenset({"lang", "theme", LAST_READER})
FOR_ALL = "public, max-age=0, must-revalidate"
FOR_ONE = "private, no-cache"
VARY = "Cookie, Accept-Encoding"

Version = Callable[[], Hashable]
T = TypeVar("T")


@dataclass
class KeptPage:
    """`squeezed` is made for the first browser that can read it, and kept."""

    plain: bytes
    etag: str
    squeezed: bytes = b""

    def squeeze(self) -> bytes:
        if not self.squeezed:
            self.squeezed = gzip.compress(self.plain, 6, mtime=0)
        return self.squeezed


class Shelf(Generic[T]):
    """The last `most` things asked for; the oldest leaves first."""

    def __init__(self, most: int) -> None:
        self._pages: OrderedDict[Hashable, T] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> T | None:
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, key: Hashable, page: T) -> None:
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > self._most:
                self._pages.popitem(last=False)


# By engine: pages of one database never answer for another's.
_shelves: WeakKeyDictionary[Any, Shelf[KeptPage]] = WeakKeyDictionary()
_parts: WeakKeyDictionary[Any, Shelf[Markup]] = WeakKeyDictionary()


def _shelf() -> Shelf[KeptPage]:
    return _shelves.setdefault(db.engine, Shelf(MOST_PAGES))


def _part_shelf() -> Shelf[Markup]:
    return _parts.setdefault(db.engine, Shelf(MOST_PARTS))


def part_key(name: str, version: Hashable) -> Hashable | None:
    """The key of a part that all readers of this address share; None when it is not worth it."""
    if len(request.query_string) > LONGEST_QUERY:
        return None
    return name, request.path, request.query_string, version


def is_part_kept(key: Hashable | None) -> bool:
    return key is not None and _part_shelf().find(key) is not None


def kept_part(key: Hashable | None, caller: Callable[[], Markup]) -> Markup:
    """For templates: `{% call kept_part(key) %}…{% endcall %}` is rendered once for all readers.

    The part may show nothing of the reader: no name, no token, no cart.
    """
    if key is None:
        return caller()
    part = _part_shelf().find(key)
    if part is None:
        part = caller()
        _part_shelf().put(key, part)
    return part


def is_stranger() -> bool:
    """Whether this page may be shown to every other stranger as well."""
    return HARMLESS_COOKIES.issuperset(request.cookies)


def kept(version: Version) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Keep a page for strangers until `version()` changes; others get it made for them.

    Strangers' browsers and proxies may store it too, and ask with its ETag whether it still holds.
    """

    def wrap(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def shown(*args: Any, **kwargs: Any) -> BaseResponse:
            if not is_stranger() or len(request.query_string) > LONGEST_QUERY:
                return _for_one(make_response(view(*args, **kwargs)))
            shelf = _shelf()
            key = (
                request.host,
                request.path,
                request.query_string,
                request.cookies.get("theme"),
                version(),
            )
            page = shelf.find(key)
            if page is None:
                response = make_response(view(*args, **kwargs))
                if response.status_code != 200:
                    return response
                page = _keep(response.get_data())
                shelf.put(key, page)
            return _answer(page)

        return shown

    return wrap


def _keep(body: bytes) -> KeptPage:
    digest = hashlib.sha256(body).hexdigest()[:20]
    return KeptPage(body, f'W/"{digest}"')


def _answer(page: KeptPage) -> Response:
    if page.etag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = Response(page.squeeze(), mimetype="text/html")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(page.plain, mimetype="text/html")
    response.headers["ETag"] = page.etag
    response.headers["Cache-Control"] = FOR_ALL
    response.headers["Vary"] = VARY
    return response


def _for_one(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", FOR_ONE)
    return response


def set_up_caching(app: Flask) -> None:
    app.jinja_env.globals["kept_part"] = kept_part
