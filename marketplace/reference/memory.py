"""Answers from tables that rarely change, kept for a minute per database."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from marketplace.kernel.db import db

T = TypeVar("T")
SECONDS = 60


class Memory(Generic[T]):
    """`recall(key, ask)` asks once a minute; an import in this process forgets at once."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Any, dict[Hashable, tuple[float, T]]] = WeakKeyDictionary()

    def recall(self, key: Hashable, ask: Callable[[], T]) -> T:
        answers = self._kept.setdefault(db.engine, {})
        until, answer = answers.get(key, (0.0, None))
        if answer is None or time.monotonic() > until:
            answer = ask()
            if len(answers) > 1000:
                answers.clear()
            answers[key] = (time.monotonic() + SECONDS, answer)
        return answer

    def forget(self) -> None:
        self._kept.clear()
