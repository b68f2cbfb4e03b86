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
        count = self.line_count
        return len(self.lines) == count and all(
            line[0] == number and line[1] == count for number, line in enumerate(self.lines, 1)
        )


quoted = json.encoder.encode_basestring
_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def leaf_of(entry: Booked, *, salt: bytes, receipt: str | None) -> dict[str, Any]:
    """The public content of `entry`; what is private is there as a salted hash only."""
    is_public = entry.ref_kind in PUBLIC_REFS and entry.ref_id is not None
    return {
        "effective_on": entry.effective_on.isoformat(),
        "id": str(entry.id),
        "kind": entry.kind,
        "lines": [[line.code, line.currency, str(line.amount)] for line in entry.lines],
        "occurred_at": instant(entry.occurred_at),
        "policy": _number(entry.policy_id),
        "posted_at": instant(entry.posted_at),
        "private": sha256(salt + canonical(private_part(entry))).hexdigest(),
        "receipt": receipt,
        "ref": f"{entry.ref_kind}:{entry.ref_id}" if is_public else None,
        "reverses": _number(entry.reverses_id),
        "signatures": str(_signatures(entry)),
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


def written_leaf(
    entry: Booked, *, salt: bytes, receipt: str | None, lines: str | None = None
) -> bytes:
    """The same bytes as `canonical(leaf_of(…))`, without a dictionary: many are written.

    `lines` are those of the entry as `written_lines` writes them, where the database did so.
    """
    private = (
        f'{{"approved_by":{_quoted(entry.approved_by)},"idem_key":{quoted(entry.idem_key)}'
        f',"memo":{quoted(entry.memo)},"proposed_by":{_quoted(entry.proposed_by)}'
        f',"ref_id":{_words(entry.ref_id)},"ref_kind":{_words(entry.ref_kind)}'
        f',"request_sha256":{quoted(entry.request_sha256)}}}'
    )
    is_public = entry.ref_kind in PUBLIC_REFS and entry.ref_id is not None
    return (
        f'{{"effective_on":"{entry.effective_on.isoformat()}","id":"{entry.id}"'
        f',"kind":{quoted(entry.kind)}'
        f',"lines":[{written_lines(entry.lines) if lines is None else lines}]'
        f',"occurred_at":"{instant(entry.occurred_at)}","policy":{_quoted(entry.policy_id)}'
        f',"posted_at":"{instant(entry.posted_at)}"'
        f',"private":"{sha256(salt + private.encode()).hexdigest()}"'
        f',"receipt":{_words(receipt)}'
        f',"ref":{quoted(f"{entry.ref_kind}:{entry.ref_id}") if is_public else "null"}'
        f',"reverses":{_quoted(entry.reverses_id)}'
        f',"signatures":"{_signatures(entry)}","v":"{FORMAT}"}}'
    ).encode()


def written_lines(lines: Sequence[BookedLine]) -> str:
    return ",".join(
        [
            f'[{quoted(code)},{quoted(currency)},"{amount}"]'
            for _, _, code, currency, amount in lines
        ]
    )


def are_plain(lines: str, count: int) -> bool:
    """Whether `lines` can only be `count` lines, none of whose words needs an escape.

    Each line has six quotes; a code with a quote in it could pretend to be two lines.
    """
    return lines.count('"') == 6 * count and "\\" not in lines and lines.isprintable()


def are_balanced(lines: str) -> bool:
    """Whether plain lines sum to zero in each of their currencies, and there are two."""
    words = lines[2:-2].replace('"],["', '","').split('","')
    currencies, minors = words[1::3], list(map(int, words[2::3]))
    if currencies.count(currencies[0]) == len(currencies):
        return not sum(minors) and len(minors) >= 2
    sums: dict[str, int] = {}
    for currency, minor in zip(currencies, minors, strict=True):
        sums[currency] = sums.get(currency, 0) + minor
    return not any(sums.values())


def receipt_tag(code: str, entry_id: int) -> str:
    """What the code of a receipt finds its entries by; without the code it says nothing."""
    return hmac.digest(code.encode(), str(entry_id).encode(), "sha256").hex()


def canonical(content: dict[str, Any]) -> bytes:
    """The one way to write `content` down."""
    return _write(content).encode()


def instant(at: datetime) -> str:
    """An instant of UTC as leaves have it, to the microsecond."""
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _quoted(value: int | None) -> str:
    return "null" if value is None else f'"{value}"'


def _words(value: str | None) -> str:
    return "null" if value is None else quoted(value)


def _signatures(entry: Booked) -> int:
    if entry.proposed_by is None and entry.approved_by is None:
        return 0
    return len({entry.proposed_by, entry.approved_by} - {None})
