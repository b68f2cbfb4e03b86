"""How templates find what all of them may use."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment


class Templates(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The environment's own dictionary for a template without globals of its own.

        Jinja copies the globals for every include and compares them for every import; a chain of
        two dictionaries takes several times as long as one.
        """
        return super().make_globals(d) if d else self.globals
