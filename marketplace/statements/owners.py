"""Names of those whose accounts these are; the room that knows them says how to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import g

Names = Callable[[], Mapping[str, str]]

_sources: list[Names] = []


def keep_cooperative_names(read: Names) -> None:
    """Ask `read` for the names of all cooperatives by slug, from now on. Repeating is safe."""
    _sources[:] = [read]


def cooperative_name(slug: str) -> str:
    """The name behind a slug, the slug itself where nobody has it; one query for a page."""
    known: dict[str, str] = g.setdefault("cooperative_names", {})
    if slug not in known:
        for read in _sources:
            known.update(read())
        known.setdefault(slug, slug)
    return known[slug]
