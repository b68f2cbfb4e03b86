"""Forms that were sent after their session had ended, kept until their writer is back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.crypto import EncryptedText
from marketplace.kernel.db import Model, db

KEPT_FOR = timedelta(minutes=30)
LARGEST = 64_000
Fields = Sequence[tuple[str, str]]


class KeptForm(Model):
    """What somebody typed; secret at rest, since it may hold an address or a customs code."""

    __tablename__ = "kept_forms"

    token: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    fields: Mapped[str] = mapped_column(EncryptedText)
    kept_at: Mapped[datetime] = mapped_column(index=True)


def keep_form(fields: Fields, *, user_id: int | None, at: datetime) -> str | None:
    """Keep `fields` for half an hour, for `user_id` alone where it is known.

    Returns the token to ask with; None when it is too much to keep. Older forms are forgotten.
    """
    text = json.dumps(fields)
    if len(text) > LARGEST:
        return None
    db.session.execute(delete(KeptForm).where(KeptForm.kept_at < at - KEPT_FOR))
    form = KeptForm(token=secrets.token_urlsafe(24), user_id=user_id, fields=text, kept_at=at)
    db.session.add(form)
    db.session.flush()
    return form.token


def find_kept_form(token: str, *, user_id: int, at: datetime) -> Fields | None:
    """What was kept, unless it is too old or somebody else's."""
    form = db.session.get(KeptForm, token)
    if form is None or form.kept_at < at - KEPT_FOR or form.user_id not in {None, user_id}:
        return None
    return [(name, value) for name, value in json.loads(form.fields)]
