"""Refusals a rule may give. The four kinds become 404, 403, 409 and 422 at the web's edge."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark `message` for translation; the web translates it when it is shown."""
    return message


class DomainError(Exception):
    """A rule was broken. `facts` fill the message and go to the log."""

    message = N_("This cannot be done.")

    def __init__(self, **facts: object) -> None:
        super().__init__(self.message % facts if facts else self.message)
        self.facts = facts


class NotFound(DomainError):
    message = N_("This does not exist.")


class NotPermitted(DomainError):
    message = N_("You may not do this.")


class Conflict(DomainError):
    message = N_("Something changed in the meantime. Please look again.")


class Invalid(DomainError):
    message = N_("This value is not valid.")
