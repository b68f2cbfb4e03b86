"""Mails and calls that must not be lost: rows written with the change, delivered by the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Model, db, insert_once

MOST_ATTEMPTS = 12


class OutboxMessage(Model):
    """One mail waiting for the worker; `key` makes writing it twice harmless."""

    __tablename__ = "outbox_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[str]
    locale: Mapped[str]
    template: Mapped[str]
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]


def write_mail(
    key: str, recipient: str, *, template: str, locale: str, facts: dict[str, Any], at: datetime
) -> None:
    """Queue the mail `template` for `recipient`, once per `key`, in this transaction."""
    row = {
        "key": key,
        "recipient": recipient,
        "locale": locale,
        "template": template,
        "facts": facts,
        "created_at": at,
        "due_at": at,
    }
    insert_once(OutboxMessage, row)


def list_due(at: datetime, limit: int = 50) -> list[OutboxMessage]:
    """Unsent mails whose time has come, oldest first."""
    return list(
        db.session.scalars(
            select(OutboxMessage)
            .where(
                OutboxMessage.sent_at.is_(None),
                OutboxMessage.due_at <= at,
                OutboxMessage.attempts < MOST_ATTEMPTS,
            )
            .order_by(OutboxMessage.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def note_failure(message: OutboxMessage, error: str, *, at: datetime) -> None:
    """Try again after 1, 2, 4 … minutes."""
    message.attempts += 1
    message.last_error = error[:500]
    message.due_at = at + timedelta(minutes=2 ** (message.attempts - 1))
