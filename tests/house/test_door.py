"""The door says an answer again for a moment, and only to the very same question."""

import time

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from marketplace.kernel.db import db, transaction
from marketplace.web.caching import KEY, MOMENT, SHARED, Door, Shelf


class Inside:
    """An application that counts how often it is woken."""

    def __init__(self, shared=True, headers=()):
        self.woken = 0
        self.shared = shared
        self.headers = [("Content-Type", "text/html"), ("X-Request-Id", "one"), *headers]

    def __call__(self, environ, start_response):
        self.woken += 1
        environ[SHARED] = self.shared
        start_response("200 OK", self.headers)
        return [b"page %d" % self.woken]


def ask(door, **about):
    body, status, headers = run_wsgi_app(door, EnvironBuilder(path="/ko/", **about).get_environ())
    return b"".join(body), status, headers


def test_the_same_question_is_answered_without_waking_the_application():
    inside = Inside()
    door = Door(inside)

    first, again = ask(door), ask(door)

    assert inside.woken == 1
    assert again[:2] == first[:2] == (b"page 1", "200 OK")
    assert "X-Request-Id" in first[2]
    assert "X-Request-Id" not in again[2]


@pytest.mark.parametrize(
    "about",
    [
        {"headers": {"Cookie": "cart=1"}},
        {"headers": {"Accept-Language": "id"}},
        {"headers": {"Accept-Encoding": "gzip"}},
        {"headers": {"If-None-Match": 'W/"1"'}},
        {"headers": {"Host": "other.example"}},
        {"query_string": "q=kopi"},
        {"method": "POST"},
        {"method": "HEAD"},
    ],
    ids=str,
)
def test_any_other_question_is_asked_inside(about):
    inside = Inside()
    door = Door(inside)
    ask(door)

    ask(door, **about)

    assert inside.woken == 2


@pytest.mark.parametrize(
    "inside",
    [Inside(shared=False), Inside(headers=[("Set-Cookie", "lang=ko")])],
    ids=["own", "cookie"],
)
def test_what_is_for_one_reader_is_never_said_again(inside):
    door = Door(inside)

    bodies = [ask(door)[0], ask(door)[0]]

    assert bodies == [b"page 1", b"page 2"]


def test_a_commit_ends_the_moment(database):
    inside = Inside()
    door = Door(inside)
    ask(door)

    with transaction():
        db.session.connection()

    assert ask(door)[0] == b"page 2"


def test_a_moment_ends_by_itself():
    inside = Inside()
    door = Door(inside)
    ask(door)

    time.sleep(MOMENT)

    assert ask(door)[0] == b"page 2"


def test_a_shelf_holds_what_was_asked_for_last():
    shelf = Shelf(2 * (KEY + 10))
    shelf.put("a", "x" * 10)
    shelf.put("b", "x" * 10)
    shelf.find("a")

    shelf.put("c", "x" * 10)

    assert [shelf.find(key) is not None for key in "abc"] == [True, False, True]


def test_what_is_too_large_for_a_shelf_is_not_kept():
    shelf = Shelf(KEY + 10)

    shelf.put("a", "x" * 11)

    assert shelf.find("a") is None
