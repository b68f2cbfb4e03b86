"""Which cooperatives can be paid now, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from marketplace.cooperatives.models import CoopBankAccount, Cooperative
from marketplace.cooperatives.queries import find_bank_accounts
from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.queries import list_accounts
from marketplace.orders.models import Payout, PayoutBatch
from marketplace.orders.payout_rules import amounts_for
from marketplace.orders.queries.payouts import is_waiting


class Hindrance(StrEnum):
    """Why a cooperative with money cannot be paid now."""

    NO_ACCOUNT = "no_account"
    UNCHECKED = "unchecked"
    OWES_US = "owes_us"
    BELOW_MINIMUM = "below_minimum"
    WAITING = "waiting"


@dataclass(frozen=True)
class Candidate:
    """A cooperative with released money: what is set off, what can be paid, what stands against."""

    cooperative: Cooperative
    payable: Money
    clawback: Money
    account: CoopBankAccount | None
    hindrance: Hindrance | None

    @property
    def netted(self) -> Money:
        return Money(amounts_for(self.payable.minor, self.clawback.minor)[0], "IDR")

    @property
    def amount(self) -> Money:
        return Money(amounts_for(self.payable.minor, self.clawback.minor)[1], "IDR")


def list_candidates(minimum: Money) -> list[Candidate]:
    """Cooperatives that are owed or owe something, by name; five queries."""
    payable = _by_slug("liabilities:coop", "payable")
    clawback = _by_slug("assets:coop", "clawback")
    found = db.session.scalars(
        select(Cooperative)
        .where(Cooperative.slug.in_(sorted(payable.keys() | clawback.keys())))
        .order_by(Cooperative.name, Cooperative.id)
    ).all()
    accounts = find_bank_accounts([row.id for row in found])
    waiting = set(
        db.session.scalars(select(Payout.cooperative_id).join(PayoutBatch).where(*is_waiting()))
    )
    return [
        _candidate(
            row,
            payable.get(row.slug, 0),
            clawback.get(row.slug, 0),
            accounts.get(row.id),
            is_waiting=row.id in waiting,
            minimum=minimum,
        )
        for row in found
    ]


def _by_slug(start: str, end: str) -> dict[str, int]:
    """What stands on each cooperative's account of one kind, in minor units, as people say it."""
    return {
        row.account.path.split(":")[2]: row.natural.minor
        for row in list_accounts(start)
        if row.account.path.endswith(f":{end}") and row.account.currency == "IDR" and row.balance
    }


def _candidate(
    cooperative: Cooperative,
    payable: int,
    clawback: int,
    account: CoopBankAccount | None,
    *,
    is_waiting: bool,
    minimum: Money,
) -> Candidate:
    _netted, amount = amounts_for(payable, clawback)
    hindrance = None
    if is_waiting:
        hindrance = Hindrance.WAITING
    elif payable <= clawback:
        hindrance = Hindrance.OWES_US
    elif amount < minimum.minor or not amount:
        hindrance = Hindrance.BELOW_MINIMUM
    elif account is None:
        hindrance = Hindrance.NO_ACCOUNT
    elif account.verified_at is None:
        hindrance = Hindrance.UNCHECKED
    return Candidate(cooperative, Money(payable, "IDR"), Money(clawback, "IDR"), account, hindrance)
