"""What higher rooms show on the home page: the village programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marketplace.kernel.money import Money


@dataclass(frozen=True)
class HomeProgram:
    """A program as the home page tells it; `note` says whose money it is, `amount` how much."""

    title: str
    url: str
    place: str
    summary: str
    motif: str
    dye: int
    note: str
    amount: Money


@dataclass(frozen=True)
class HomePrograms:
    """Progress to the goal of 500: funded, under review; and the newest programs, three at most."""

    goal: int
    funded: int
    running: int
    newest: Sequence[HomeProgram] = ()
    ledger_url: str = ""
    programs_url: str = ""

    @property
    def open(self) -> int:
        return max(0, self.goal - self.funded - self.running)


Programs = Callable[[str], HomePrograms]

_sources: list[Programs] = []


def on_home(function: Programs) -> Programs:
    """Show what `function(language)` tells of the programs on the home page. One source."""
    _sources[:] = [function]
    return function


def programs_for_home(lang: str) -> HomePrograms | None:
    """None where no room tells of programs: the page does without."""
    return _sources[0](lang) if _sources else None
