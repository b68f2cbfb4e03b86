from __future__ import annotations

from sqlalchemy import func, select

from marketplace.kernel.db import Model, db


def count_rows(model: type[Model]) -> int:
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)
