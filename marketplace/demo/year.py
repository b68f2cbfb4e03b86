"""A calendar of things to come: events happen in order, and may plan later ones."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

Event = Callable[[datetime], None]


@dataclass
class Year:
    """From `first_day` up to `until`, with dice that always fall the same."""

    first_day: datetime
    until: datetime
    dice: random.Random = field(default_factory=lambda: random.Random("a year"))  # noqa: S311
    queue: list[tuple[datetime, int, Event]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)

    def plan(self, at: datetime, event: Event) -> None:
        """Let `event` happen at `at`; what would come after the end is left out."""
        if at <= self.until:
            heapq.heappush(self.queue, (at, next(self.numbers), event))

    def pass_by(self) -> None:
        """Let everything happen."""
        while self.queue:
            at, _, event = heapq.heappop(self.queue)
            event(at)
