"""When a kept page of the catalog is stale."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

from marketplace.catalog.operations.version import on_raised
from marketplace.catalog.queries import catalog_version
from marketplace.kernel.db import db
from marketplace.kernel.time import now, today_in_seoul

SECONDS = 0.5

_known: WeakKeyDictionary[Any, tuple[float, int]] = WeakKeyDictionary()


def version_now() -> int:
    """The catalog's version, asked for twice a second at most.

    A change made in this process is known at once, one made in another half a second later.
    """
    until, number = _known.get(db.engine, (0.0, 0))
    if time.monotonic() > until:
        number = catalog_version()
        _known[db.engine] = (time.monotonic() + SECONDS, number)
    return number


def forget_version() -> None:
    _known.pop(db.engine, None)


on_raised(forget_version)


def of_catalog() -> Hashable:
    """Changes with the catalog, and at midnight in Seoul with the day's rate."""
    return version_now(), today_in_seoul(now())


def of_home() -> Hashable:
    """As the catalog; programs and cooperatives show up within a minute."""
    return *(version_now(), today_in_seoul(now())), int(time.time() // 60)
