"""Words and filters as each engine wants them asked. Both need one term of each group."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.catalog.analysis import Alternative


def fts5(said: Sequence[Sequence[Alternative]], tags: Sequence[Sequence[str]]) -> str:
    parts = [
        "(" + " OR ".join(_fts5_reading(reading) for reading in readings) + ")" for readings in said
    ]
    parts += ["(" + " OR ".join(map(_quoted, group)) + ")" for group in tags]
    return " AND ".join(parts)


def _fts5_reading(reading: Alternative) -> str:
    said = [
        _quoted(term.removesuffix("*")) + (" *" if term.endswith("*") else "") for term in reading
    ]
    return "(" + " AND ".join(said) + ")"


def _quoted(term: str) -> str:
    return '"' + term.replace('"', "") + '"'


def tsquery(said: Sequence[Sequence[Alternative]], tags: Sequence[Sequence[str]]) -> str:
    parts = [
        "(" + " | ".join(_tsquery_reading(reading) for reading in readings) + ")"
        for readings in said
    ]
    parts += ["(" + " | ".join(map(_lexeme, group)) + ")" for group in tags]
    return " & ".join(parts)


def _tsquery_reading(reading: Alternative) -> str:
    said = [
        _lexeme(term.removesuffix("*")) + (":*" if term.endswith("*") else "") for term in reading
    ]
    return "(" + " & ".join(said) + ")"


def _lexeme(term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
