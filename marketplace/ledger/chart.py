"""The chart of accounts: which paths exist, and how each kind of account behaves.

A path says what, never in which currency: `liabilities:coop:gayo-aceh:payable`. An account is a
path in one currency, and its code says so: `liabilities:coop:gayo-aceh:payable:idr`. Accounts are
opened on first use; a path without a row here is a mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from marketplace.ledger.errors import UnknownAccount
from marketplace.ledger.models import AccountClass

CLASSES = {
    "assets": AccountClass.ASSET,
    "liabilities": AccountClass.LIABILITY,
    "funds": AccountClass.FUND,
    "equity": AccountClass.EQUITY,
    "income": AccountClass.INCOME,
    "expenses": AccountClass.EXPENSE,
}
DEBIT_CLASSES = frozenset({AccountClass.ASSET, AccountClass.EXPENSE})


@dataclass(frozen=True, slots=True)
class Rule:
    """How the accounts of one pattern behave; `*` stands for one part of the path."""

    pattern: str
    restricted: bool = False
    may_overdraw: bool = True

    @property
    def account_class(self) -> AccountClass:
        return CLASSES[self.pattern.partition(":")[0]]


def _fund(pattern: str, *, may_overdraw: bool = False) -> Rule:
    """Money that may only be spent on its purpose, and only once."""
    return Rule(pattern, restricted=True, may_overdraw=may_overdraw)


CHART = (
    Rule("assets:bank"),
    Rule("assets:bank-trust", restricted=True),
    Rule("assets:bank-transit"),
    Rule("assets:stripe"),
    Rule("assets:stripe:unclassified"),
    Rule("assets:disputes"),
    Rule("assets:payout-transit"),
    Rule("assets:disburse-transit", restricted=True),
    Rule("assets:pledge-receivable:*"),
    Rule("assets:coop:*:clawback"),
    Rule("liabilities:coop:*:held"),
    Rule("liabilities:coop:*:payable", may_overdraw=False),
    Rule("liabilities:buyers"),
    Rule("liabilities:shipping"),
    Rule("liabilities:deferred-fee"),
    Rule("liabilities:tax"),
    _fund("funds:village:held", may_overdraw=True),
    _fund("funds:village:programs"),
    _fund("funds:village:training"),
    _fund("funds:village:youth"),
    Rule("funds:refund-reserve", may_overdraw=False),
    _fund("funds:csr:*:pledged", may_overdraw=True),
    _fund("funds:csr:*:available"),
    _fund("funds:program:*:committed"),
    _fund("funds:program:*:committed:*"),
    Rule("equity:opening"),
    Rule("equity:retained"),
    Rule("equity:trading:*"),
    Rule("income:platform-fee"),
    Rule("income:shipping-variance"),
    Rule("income:fx"),
    Rule("income:released-from-restriction"),
    Rule("income:dispute-recovered"),
    Rule("expenses:stripe-fee"),
    Rule("expenses:dispute-fee"),
    Rule("expenses:bank-fee"),
    Rule("expenses:fx"),
    Rule("expenses:shipping-loss"),
    Rule("expenses:refund-cover"),
    Rule("expenses:grants:*"),
)

_PATTERNS = tuple(
    (re.compile(re.escape(rule.pattern).replace(r"\*", "[A-Za-z0-9][A-Za-z0-9-]*")), rule)
    for rule in CHART
)


@lru_cache(maxsize=4096)
def rule_for(path: str) -> Rule:
    """The first row of the chart that `path` fits. Raises UnknownAccount."""
    for pattern, rule in _PATTERNS:
        if pattern.fullmatch(path):
            return rule
    raise UnknownAccount(path=path)


def account_code(path: str, currency: str) -> str:
    return f"{path}:{currency.lower()}"


def path_of(code: str) -> str:
    return code.rpartition(":")[0]


def currency_of(code: str) -> str:
    return code.rpartition(":")[2].upper()
