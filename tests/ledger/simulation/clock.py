"""Time, dice and sudden death, as a simulation says."""

from __future__ import annotations

import random
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from marketplace.kernel import ids
from marketplace.kernel.db import db
from marketplace.ledger.operations import decisions, posting
from tests.factories import NOON


class Clock:
    """The books' clock. A step begins at a minute of its own; each look at it takes 1 ms."""

    def __init__(self):
        self.at = NOON
        self.looks = 0

    def advance(self, **more):
        self.at += timedelta(**more)
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return self.at + timedelta(milliseconds=self.looks)


class Dice(random.Random):
    """Stands for the module `secrets` where numbers and ids are thrown."""

    def randbits(self, count):
        return self.getrandbits(count)


@contextmanager
def ruled_by(clock, dice):
    """Let the books read this clock, and numbers be thrown with these dice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posting, "now", clock)
        patch.setattr(decisions, "now", clock)
        patch.setattr(ids, "secrets", dice)
        yield


class Killed(BaseException):
    """The process ended here."""


@contextmanager
def killed_at(statement):
    """Let the process die before its `statement`-th statement, counted from 1."""
    left = [statement]

    def count(*_):
        left[0] -= 1
        if not left[0]:
            raise Killed

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
