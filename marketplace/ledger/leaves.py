"""What of an entry goes into the sealed log: its public content, and one hash over the rest.

A leaf is JSON with sorted keys, no spaces and nothing but text, lists and null: ids and amounts
pass what a browser's numbers can hold. Rule: docs/adr/0008-sealed-ledger.md
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

FORMAT = "1"
PUBLIC_REFS = frozenset({"program", "pledge"})
"""Things whose numbers anyone may know; orders are not among them."""


class BookedLine(NamedTuple):
    line_no: int
    line_count: int
    code: str
    currency: str
    amount: int


class Booked(NamedTuple):
    """An entry column by column."""

    id: int
    kind: str
    idem_key: str
    request_sha256: str
    effective_on: date
    occurred_at: datetime
    posted_at: datetime
    line_count: int
    memo: str
    ref_kind: str | None
    ref_id: str | None
    reverses_id: int | None
    policy_id: int | None
    proposed_by: int | None
    approved_by: int | None
    lines: Sequence[BookedLine] = ()

    @property
    def is_whole(self) -> bool:
        """Whether its lines are those it was booked with, by their numbers."""
        return [(line.line_no, line.line_count) for line in self.lines] == [
            (number, self.line_count) for number in range(1, self.line_count + 1)
        ]


_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def leaf_of(entry: Booked, *, salt: bytes, receipt: str | None) -> dict[str, Any]:
    """The public content of `entry`; what is private is there as a salted hash only."""
    is_public = entry.ref_kind in PUBLIC_REFS and entry.ref_id is not None
    return {
        "effective_on": entry.effective_on.isoformat(),
        "id": str(entry.id),
        "kind": entry.kind,
        "lines": [[line.code, line.currency, str(line.amount)] for line in entry.lines],
        "occurred_at": _instant(entry.occurred_at),
        "policy": _number(entry.policy_id),
        "posted_at": _instant(entry.posted_at),
        "private": sha256(salt + canonical(private_part(entry))).hexdigest(),
        "receipt": receipt,
        "ref": f"{entry.ref_kind}:{entry.ref_id}" if is_public else None,
        "reverses": _number(entry.reverses_id),
        "signatures": str(len({entry.proposed_by, entry.approved_by} - {None})),
        "v": FORMAT,
    }


def private_part(entry: Booked) -> dict[str, Any]:
    """What the public does not see: words people typed, order numbers, who signed."""
    return {
        "approved_by": _number(entry.approved_by),
        "idem_key": entry.idem_key,
        "memo": entry.memo,
        "proposed_by": _number(entry.proposed_by),
        "ref_id": entry.ref_id,
        "ref_kind": entry.ref_kind,
        "request_sha256": entry.request_sha256,
    }


def receipt_tag(code: str, entry_id: int) -> str:
    """What the code of a receipt finds its entries by; without the code it says nothing."""
    return hmac.digest(code.encode(), str(entry_id).encode(), "sha256").hex()


def canonical(content: dict[str, Any]) -> bytes:
    """The one way to write `content` down."""
    return _write(content).encode()


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
