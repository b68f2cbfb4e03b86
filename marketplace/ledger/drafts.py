"""An entry before it is booked, and the rules it must keep on its own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from marketplace.kernel.money import Money
from marketplace.ledger.chart import account_code, rule_for
from marketplace.ledger.errors import OneSided, SelfApproval, Unbalanced, ZeroLine

_text = json.encoder.encode_basestring


@dataclass(frozen=True, slots=True)
class Line:
    """One side: the path of an account, without its currency; debit positive, credit negative."""

    path: str
    amount: Money

    @property
    def code(self) -> str:
        return account_code(self.path, self.amount.currency)

    def __neg__(self) -> Line:
        return Line(self.path, -self.amount)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One business fact to book.

    `idem_key` names the fact, not its delivery (`order_paid:pi_1`), so that webhook, return page
    and poller meet in one entry. `occurred_at` is when the world did it, `effective_on` the
    accounting day.
    """

    kind: str
    idem_key: str
    occurred_at: datetime
    effective_on: date
    memo: str
    lines: Sequence[Line]
    ref_kind: str | None = None
    ref_id: str | None = None
    policy_id: int | None = None
    proposed_by: int | None = None
    approved_by: int | None = None
    reverses_id: int | None = None

    def check(self) -> None:
        """Raise OneSided, ZeroLine, UnknownAccount, Unbalanced or SelfApproval."""
        if self.approved_by is not None and self.approved_by == self.proposed_by:
            raise SelfApproval
        if len(self.lines) < 2:
            raise OneSided
        sums: Counter[str] = Counter()
        for line in self.lines:
            if not line.amount:
                raise ZeroLine
            rule_for(line.path)
            sums[line.amount.currency] += line.amount.minor
        for currency, minor in sums.items():
            if minor:
                raise Unbalanced(difference=Money(minor, currency))

    def sha256(self) -> str:
        """What must be the same when the same key comes again.

        Times and words may differ between two deliveries of one fact; money, its places, what it
        is about and who decided may not.
        """
        return seal_entry(
            kind=self.kind,
            lines=[(line.code, line.amount.minor) for line in self.lines],
            ref=(self.ref_kind, self.ref_id),
            policy_id=self.policy_id,
            people=(self.proposed_by, self.approved_by),
            reverses_id=self.reverses_id,
        )


def seal_entry(
    *,
    kind: str,
    lines: Iterable[tuple[str, int]],
    ref: tuple[str | None, str | None],
    policy_id: int | None,
    people: tuple[int | None, int | None],
    reverses_id: int | None,
) -> str:
    """The hash of an entry's body, from a draft or from what is booked; the same for both.

    The body is JSON with sorted keys and no spaces, written by hand because many are hashed.
    """
    sides = ",".join([f"[{_text(code)},{minor}]" for code, minor in sorted(lines)])
    return seal_body(
        kind=kind,
        lines=sides,
        ref=ref,
        policy_id=policy_id,
        people=people,
        reverses_id=reverses_id,
    )


def seal_body(
    *,
    kind: str,
    lines: str,
    ref: tuple[str | None, str | None],
    policy_id: int | None,
    people: tuple[int | None, int | None],
    reverses_id: int | None,
) -> str:
    """As `seal_entry`, with the lines as they are written there: `["code",minor]`, in order."""
    proposed_by, approved_by = people
    text = (
        f'{{"kind":{_text(kind)},"lines":[{lines}]'
        f',"people":[{_plain(proposed_by)},{_plain(approved_by)}],"policy":{_plain(policy_id)}'
        f',"ref":[{_words(ref[0])},{_words(ref[1])}],"reverses":{_plain(reverses_id)}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: int | None) -> str:
    return "null" if value is None else str(value)


def _words(value: str | None) -> str:
    return "null" if value is None else _text(value)
