"""The money that is here: what was paid in, less what left, account by account."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.kernel.money import Money
from marketplace.ledger.queries.conservation import Conservation, conservation
from marketplace.ledger.queries.invariants.accounts import coverage
from marketplace.reinvestment.postings import TRUST


@dataclass(frozen=True, slots=True)
class InHand:
    """Cash of one currency; `bound` is what of it the funds hold for their purposes.

    What is on its way to somebody and was not taken from the bank yet counts below zero.
    """

    currency: str
    paid_in: Money
    paid_out: Money
    accounts: tuple[tuple[str, Money], ...]
    bound: Money
    difference: Money

    @property
    def cash(self) -> Money:
        return sum((amount for _, amount in self.accounts), Money(0, self.currency))

    @property
    def trust(self) -> Money:
        """What is in the account that is kept for the funds."""
        return dict(self.accounts).get(TRUST, Money(0, self.currency))

    @property
    def is_whole(self) -> bool:
        """Whether every unit is accounted for, and the cash covers the funds."""
        return not self.difference and (not self.bound or self.cash >= self.bound)

    @property
    def has_debts(self) -> bool:
        return any(amount.minor < 0 for _, amount in self.accounts)


def read_in_hand() -> list[InHand]:
    """Each currency in which money ever moved, won first; two queries."""
    found = [_in_hand(money) for money in conservation()]
    return [row for row in found if row.accounts or row.paid_in or row.difference]


def _in_hand(money: Conservation) -> InHand:
    nothing = Money(0, money.currency)
    covered = coverage([*money.cash, *money.claims]).get(money.currency, (nothing, nothing))
    return InHand(
        money.currency,
        money.total_in,
        money.total_used,
        tuple((row.account.path, row.balance) for row in money.cash),
        covered[0],
        money.missing,
    )
