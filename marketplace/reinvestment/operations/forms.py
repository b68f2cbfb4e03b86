"""A form carries a key, so that a second tap does nothing."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.reinvestment.models import Disbursement, Evidence, Pledge, Program

Sent = TypeVar("Sent", Program, Disbursement, Pledge, Evidence)


def find_by_form_key(model: type[Sent], form_key: str) -> Sent | None:
    """What the form already made."""
    return db.session.scalar(select(model).where(model.form_key == form_key))
