"""Authenticator apps: set up with a password and a code, asked for at each signature."""

from __future__ import annotations

from datetime import datetime, timedelta

from marketplace.accounts.errors import (
    AuthenticatorNeeded,
    CodeMissing,
    CodeUsed,
    CodeWrong,
    TooManyCodes,
)
from marketplace.accounts.models import Authenticator, User
from marketplace.accounts.operations import note_event
from marketplace.kernel import totp
from marketplace.kernel.db import db, lock
from marketplace.kernel.errors import DomainError

MOST_MISSES = 5
PAUSE = timedelta(minutes=5)


def find_authenticator(user_id: int) -> Authenticator | None:
    """A confirmed one counts; one that is not can only be confirmed."""
    return db.session.get(Authenticator, user_id)


def signs_with_code(user_id: int) -> bool:
    found = find_authenticator(user_id)
    return found is not None and found.confirmed_at is not None


def add_authenticator(user: User, *, at: datetime) -> Authenticator:
    """A new secret for the person, to be confirmed; a confirmed one is left as it is."""
    found = find_authenticator(user.id)
    if found is not None and found.confirmed_at is not None:
        return found
    if found is None:
        found = Authenticator(user_id=user.id, secret="", added_at=at)
        db.session.add(found)
    found.secret, found.added_at = totp.new_secret(), at
    db.session.flush()
    return found


def use_code(
    user_id: int, code: str, *, is_needed: bool = False, address: str | None = None, at: datetime
) -> DomainError | None:
    """Take a code of the person's authenticator, once; returns why not, and counts the miss.

    Whoever has no confirmed one is let through, unless a code `is_needed`. Returned and not
    raised, since the miss is to be committed.
    """
    if not signs_with_code(user_id):
        return AuthenticatorNeeded() if is_needed else None
    return _take(lock(Authenticator, user_id), code, address=address, at=at)


def confirm_authenticator(user_id: int, code: str, *, at: datetime) -> DomainError | None:
    """The app shows the right codes: from now on it is asked. Returns why not, as `use_code`."""
    if find_authenticator(user_id) is None:
        return AuthenticatorNeeded()
    found = lock(Authenticator, user_id)
    error = _take(found, code, address=None, at=at)
    if error is None and found.confirmed_at is None:
        found.confirmed_at = at
        note_event("authenticator-added", user_id=user_id, at=at)
    return error


def forget_authenticator(user_id: int, *, at: datetime) -> bool:
    """Ask for no codes any more; whether there was an authenticator."""
    found = find_authenticator(user_id)
    if found is None:
        return False
    db.session.delete(found)
    note_event("authenticator-removed", user_id=user_id, at=at)
    return True


def _take(
    found: Authenticator, code: str, *, address: str | None, at: datetime
) -> DomainError | None:
    digits = "".join(code.split())
    if len(digits) != totp.DIGITS or not (digits.isascii() and digits.isdecimal()):
        return CodeMissing()
    if found.misses >= MOST_MISSES and found.missed_at and at < found.missed_at + PAUSE:
        return TooManyCodes(minutes=PAUSE.seconds // 60)
    step = totp.find_step(found.secret, digits, at)
    if step is not None and step > found.last_step:
        found.last_step, found.misses = step, 0
        return None
    found.misses = found.misses + 1 if found.misses < MOST_MISSES else 1
    found.missed_at = at
    note_event("code-refused", user_id=found.user_id, address=address, at=at)
    return CodeWrong() if step is None else CodeUsed()
