"""What rooms show of an entry that is theirs: whose money it was, and where it went."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from marketplace.ledger.queries import Entry

Behind = Callable[[Entry], Markup | str]

_behind: list[Behind] = []


def on_entry_page(function: Behind) -> Behind:
    """Show staff beside an entry what `function(entry)` renders; empty for what is not its own."""
    if function not in _behind:
        _behind.append(function)
    return function


def behind(entry: Entry) -> list[Markup]:
    """The sections of all rooms that know something of the entry."""
    found = [function(entry) for function in _behind]
    return [section for section in found if isinstance(section, Markup)]
