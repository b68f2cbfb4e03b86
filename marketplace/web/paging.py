"""Pages of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

from marketplace.kernel.errors import NotFound

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of `rows`, out of `count` in all; `number` starts at 1.

    Raises NotFound past the end.
    """

    rows: Sequence[T]
    count: int
    number: int
    size: int

    def __post_init__(self) -> None:
        """A page past the last one is not there, rather than an empty list."""
        if self.number > 1 and not self.rows:
            raise NotFound

    @property
    def last(self) -> int:
        return max(1, -(-self.count // self.size))

    def near(self) -> list[int | None]:
        """Page numbers to link, None for a gap: 1 … 4 5 6 … 35."""
        wanted = sorted(
            {1, self.last, *range(self.number - 1, self.number + 2)} & set(range(1, self.last + 1))
        )
        numbers: list[int | None] = []
        for number in wanted:
            if numbers and numbers[-1] is not None and number - numbers[-1] > 1:
                numbers.append(None)
            numbers.append(number)
        return numbers


def page_number() -> int:
    """`?page=` of this request, 1 where it is missing or nonsense."""
    return max(1, min(request.args.get("page", 1, type=int) or 1, 10_000))
