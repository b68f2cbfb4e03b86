"""What other rooms do when money moves: one function per purpose, called in the same transaction.

A lower room never learns of a higher one, so each purpose registers itself at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.kernel.money import Money
from marketplace.ledger.drafts import NewEntry
from marketplace.payments.errors import NotAKindOfLine
from marketplace.payments.models import BankLine, Dispute, Payment, Refund


class OnSettled(Protocol):
    def __call__(self, payment: Payment, *, at: datetime) -> bool:
        """Take the money. False when it is not wanted; it then goes back by itself."""


class OnFee(Protocol):
    def __call__(
        self,
        payment: Payment,
        transaction_id: str,
        fee: Money,
        *,
        occurred_at: datetime,
        at: datetime,
    ) -> None: ...


class OnRefund(Protocol):
    def __call__(self, payment: Payment, refund: Refund, *, at: datetime) -> None: ...


class OnDispute(Protocol):
    def __call__(self, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
        """Book what is known of the dispute and not booked yet. Called again with each look."""


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What happens to a payment made for one purpose, such as `order`.

    `returned` books the automatic refund of money that was not wanted; `dropped` is told when
    Stripe refused a refund, `bounced` when a bank sent one back.
    """

    settled: OnSettled
    fee: OnFee
    refunded: OnRefund
    returned: OnRefund
    dropped: OnRefund
    bounced: OnRefund
    disputed: OnDispute | None = None


_purposes: dict[str, Purpose] = {}


def register(name: str, purpose: Purpose) -> None:
    _purposes[name] = purpose


def purpose_of(payment: Payment) -> Purpose:
    return _purposes[payment.purpose]


def list_purposes() -> list[str]:
    """What can be paid for."""
    return sorted(_purposes)


# Whether a line of a bank statement settles what the room waits for; it books that then. The line
# is told with who brought the statement and when.
BankLineSettler = Callable[[BankLine, int, datetime], bool]

_settlers: list[BankLineSettler] = []


def on_bank_line(settler: BankLineSettler) -> BankLineSettler:
    """Show `settler` every new line of a bank until one takes it."""
    if settler not in _settlers:
        _settlers.append(settler)
    return settler


def settle_bank_line(line: BankLine, *, by: int, at: datetime) -> bool:
    return any(settler(line, by, at) for settler in _settlers)


Facts = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class BankKind:
    """What a line of a bank can be that no other page books, such as `bank_fee`.

    `draft(line, facts, at)` is its entry, made of what was typed; it raises a DomainError for
    facts that cannot be right, and holds what it rests on until the transaction ends.
    `booked(facts, entry_id)` is called in the same transaction as the entry.
    """

    draft: Callable[[BankLine, Facts, datetime], NewEntry]
    booked: Callable[[Facts, int], None] = lambda facts, entry_id: None


_kinds: dict[str, BankKind] = {}


def register_bank_kind(name: str, kind: BankKind) -> None:
    """Let two people book lines of banks as `name`, which is the kind of the entry."""
    _kinds[name] = kind


def bank_kind(name: str) -> BankKind:
    """Raises NotAKindOfLine."""
    if name not in _kinds:
        raise NotAKindOfLine
    return _kinds[name]


def bank_kinds() -> list[str]:
    return list(_kinds)


def names(line: BankLine, number: str) -> bool:
    """Whether the bank's words name `number`, however the bank wrote it."""
    return _letters(number) in _letters(f"{line.reference} {line.text}")


def _letters(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())
