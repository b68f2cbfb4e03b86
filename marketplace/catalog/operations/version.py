from __future__ import annotations

from sqlalchemy import update

from marketplace.catalog.models import CatalogVersion
from marketplace.kernel.db import db


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
