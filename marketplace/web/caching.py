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
from typing import Any
from weakref import WeakKeyDictionary

from flask import Response, make_response, request
from werkzeug.wrappers import Response as BaseResponse

from marketplace.kernel.db import db

MOST_PAGES = 256
LONGEST_QUERY = 300
HARMLESS_COOKIES = frozenset({"lang", "theme"})
FOR_ALL = "public, max-age=0, must-revalidate"
FOR_ONE = "private, no-cache"
VARY = "Cookie, Accept-Encoding"

Version = Callable[[], Hashable]


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


class Shelf:
    """The last pages asked for; the oldest leaves first."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, KeptPage] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> KeptPage | None:
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, key: Hashable, page: KeptPage) -> None:
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)


_shelves: WeakKeyDictionary[Any, Shelf] = WeakKeyDictionary()


def _shelf() -> Shelf:
    """Pages of one database never answer for another's."""
    return _shelves.setdefault(db.engine, Shelf())


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
