"""What other rooms do when money moves: one function per purpose, called in the same transaction.

A lower room never learns of a higher one, so each purpose registers itself at the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.kernel.money import Money
from marketplace.payments.models import Dispute, Payment, Refund


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
