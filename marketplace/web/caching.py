"""Whole pages kept in the process, for visitors of whom nothing is known.

A visitor is a stranger as long as the browser sends no cookie but the language and the theme.
Pages kept for them must not touch the session: no token, no flash, no cookie. Their small forms
are protected by the origin instead; see `security.same_origin`.

Three shelves: parts that all readers of an address share, whole pages of strangers, and, at the
door, answers given a moment ago.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sized
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from flask import Flask, Response, make_response, request
from markupsafe import Markup
from sqlalchemy import event
from werkzeug.wrappers import Response as BaseResponse

from marketplace.kernel.db import db
from marketplace.web.access import LAST_READER
from marketplace.web.locale import current_language

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What shelves hold at most: bytes of squeezed pages, signs of parts (two bytes each where Hangul
# is among them), bytes of answers.
PAGES = 2_000_000
PARTS = 1_000_000
ANSWERS = 1_000_000
KEY = 500
LONGEST_QUERY = 300
HARMLESS_COOKIES = frozenset({"lang", "theme", LAST_READER})
FOR_ALL = "public, max-age=0, must-revalidate"
FOR_ONE = "private, no-cache"
VARY = "Cookie, Accept-Encoding"
MOMENT = 0.5
SHARED = "lumbung.shared"
# All of a request that an answer to a stranger may depend on.
HEARD = (
    *("wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"),
    *("HTTP_COOKIE", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH"),
)

Version = Callable[[], Hashable]


@dataclass(frozen=True)
class KeptPage:
    """Squeezed, as nearly every browser wants it."""

    squeezed: bytes
    etag: str
    mimetype: str = "text/html"

    @classmethod
    def of(cls, body: bytes, mimetype: str) -> KeptPage:
        digest = hashlib.sha256(body).hexdigest()[:20]
        return cls(gzip.compress(body, 6, mtime=0), f'W/"{digest}"', mimetype)

    def __len__(self) -> int:
        return len(self.squeezed)


T = TypeVar("T", bound=Sized)


class Shelf(Generic[T]):
    """What was asked for last, up to `room` in all; what was not asked for longest leaves first.

    A thing takes its length and that of its key, which is about KEY.
    """

    def __init__(self, room: int) -> None:
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._left = room
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> T | None:
        with self._lock:
            thing = self._kept.get(key)
            if thing is not None:
                self._kept.move_to_end(key)
            return thing

    def put(self, key: Hashable, thing: T) -> None:
        with self._lock:
            if key in self._kept:
                self._left += len(self._kept.pop(key)) + KEY
            self._kept[key] = thing
            self._left -= len(thing) + KEY
            while self._left < 0:
                _, oldest = self._kept.popitem(last=False)
                self._left += len(oldest) + KEY


# By engine: pages of one database never answer for another's.
_shelves: WeakKeyDictionary[Any, Shelf[KeptPage]] = WeakKeyDictionary()
_parts: WeakKeyDictionary[Any, Shelf[Markup]] = WeakKeyDictionary()


def _shelf() -> Shelf[KeptPage]:
    return _shelves.setdefault(db.engine, Shelf(PAGES))


def _part_shelf() -> Shelf[Markup]:
    return _parts.setdefault(db.engine, Shelf(PARTS))


def part_key(name: str, *version: Hashable) -> Hashable | None:
    """The key of a part that all readers of this address share; None when it is not worth it."""
    if len(request.query_string) > LONGEST_QUERY:
        return None
    return name, current_language(), request.endpoint, request.path, request.query_string, version


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
                page = KeptPage.of(response.get_data(), response.mimetype or "text/html")
                shelf.put(key, page)
            return _answer(page)

        return shown

    return wrap


def _answer(page: KeptPage) -> Response:
    if page.etag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = Response(page.squeezed, mimetype=page.mimetype)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(gzip.decompress(page.squeezed), mimetype=page.mimetype)
    response.headers["ETag"] = page.etag
    response.headers["Cache-Control"] = FOR_ALL
    response.headers["Vary"] = VARY
    request.environ[SHARED] = True
    return response


def _for_one(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", FOR_ONE)
    return response


@dataclass
class Commits:
    """How often this process has committed."""

    number: int = 0

    def note(self, _: object) -> None:
        self.number += 1


_commits = Commits()
event.listen(db.session, "after_commit", _commits.note)


@dataclass(frozen=True)
class Answer:
    """What was sent to a stranger, and how long it may be said again unchecked."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    until: float
    commits: int

    def holds(self) -> bool:
        return self.commits == _commits.number and time.monotonic() < self.until

    def __len__(self) -> int:
        return len(self.body)


class Door:
    """Says an answer again that was given a moment ago to the same question.

    The application is not woken for it. A commit in this process ends all such moments, so that
    whoever changed something sees it; a change made in another shows up when the moment is over.
    """

    def __init__(self, inside: WSGIApplication) -> None:
        self._inside = inside
        self._answers: Shelf[Answer] = Shelf(ANSWERS)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return self._inside(environ, start_response)
        question = tuple(map(environ.get, HEARD))
        answer = self._answers.find(question)
        if answer is not None and answer.holds():
            start_response(answer.status, answer.headers)
            return [answer.body]
        return self._listen(question, environ, start_response)

    def _listen(
        self, question: Hashable, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        commits, asked_at = _commits.number, time.monotonic()
        said: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            said[:] = [status, [pair for pair in headers if pair[0] != "X-Request-Id"]]
            return start_response(status, headers, *more)

        chunks = self._inside(environ, start)
        is_shared = environ.get(SHARED) and all(name != "Set-Cookie" for name, _ in said[1])
        if not is_shared:
            return chunks
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        answer = Answer(said[0], said[1], body, asked_at + MOMENT, commits)
        self._answers.put(question, answer)
        return [body]


def set_up_caching(app: Flask) -> None:
    app.jinja_env.globals |= {"kept_part": kept_part, "part_key": part_key}
    app.wsgi_app = Door(app.wsgi_app)  # type: ignore[method-assign]
