"""Pure rules of payouts: what is paid, which lots it takes, what the two signers read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.orders.policies import WHOLE_RUPIAH


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of a lot: minor units of rupiah, and the won they stand for."""

    id: int
    minor: int
    book_minor: int


def amounts_for(payable: int, clawback: int) -> tuple[int, int]:
    """What is set off and what is paid, in minor units of rupiah.

    What the cooperative owes us comes first, never below zero; banks pay whole rupiah, so the sen
    stay payable.
    """
    netted = max(0, min(payable, clawback))
    rest = payable - netted
    return netted, max(0, rest - rest % WHOLE_RUPIAH)


def take_first(lots: Sequence[Lot], minor: int) -> list[Lot]:
    """The oldest lots that make up `minor`, the last of them in part.

    A part stands for its share of the lot's won; the rest keeps what is left, so nothing is lost.
    Raises ValueError when there is not enough.
    """
    taken = []
    for lot in lots:
        if not minor:
            break
        part = min(lot.minor, minor)
        book = lot.book_minor if part == lot.minor else lot.book_minor * part // lot.minor
        taken.append(Lot(lot.id, part, book))
        minor -= part
    if minor:
        raise ValueError(f"the lots lack {minor}")
    return taken


def seal_batch(number: str, lines: Sequence[Sequence[object]]) -> str:
    """The hash of what both signers read: a changed amount or bank account changes it."""
    body: dict[str, Any] = {"number": number, "payouts": [list(line) for line in lines]}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def is_plausible(paid: int, book: int) -> bool:
    """Whether the won a bank took can be right: no rate halves or doubles within weeks."""
    return paid <= 2 * book + 10 and book <= 2 * paid + 10
