from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event, update
from sqlalchemy.orm import Session

from marketplace.catalog.models import CatalogVersion
from marketplace.kernel.db import db

RAISED = "catalog version raised"

_listeners: list[Callable[[], None]] = []


def raise_catalog_version() -> None:
    """Make every page kept in a process stale. The last lock an operation takes."""
    raised = db.session.execute(
        update(CatalogVersion)
        .where(CatalogVersion.id == 1)
        .values(number=CatalogVersion.number + 1)
        .execution_options(synchronize_session=False)
    )
    if raised.rowcount == 0:  # type: ignore[attr-defined]
        db.session.add(CatalogVersion(id=1, number=1))
        db.session.flush()
    db.session().info[RAISED] = True


def on_raised(function: Callable[[], None]) -> None:
    """Call `function()` in this process once a raised version is committed."""
    if function not in _listeners:
        _listeners.append(function)


def _tell(session: Session) -> None:
    if session.info.pop(RAISED, False):
        for function in _listeners:
            function()


event.listen(db.session, "after_commit", _tell)
