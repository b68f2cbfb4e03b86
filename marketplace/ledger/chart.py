"""The chart of accounts: which paths exist, and how each kind of account behaves.

A path says what, never in which currency: `liabilities:coop:gayo-aceh:payable`. An account is a
path in one currency, and its code says so: `liabilities:coop:gayo-aceh:payable:idr`. Accounts are
opened on first use; a path without a row here is a mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from marketplace.kernel.errors import N_
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
    """How the accounts of one pattern behave; `*` stands for one part of the path.

    `title` is what people read; `%(name)s` in it is the part that stands at `*`.
    """

    pattern: str
    title: str
    restricted: bool = False
    may_overdraw: bool = True

    @property
    def account_class(self) -> AccountClass:
        return CLASSES[self.pattern.partition(":")[0]]


def _fund(pattern: str, title: str, *, may_overdraw: bool = False) -> Rule:
    """Money that may only be spent on its purpose, and only once."""
    return Rule(pattern, title, restricted=True, may_overdraw=may_overdraw)


CHART = (
    Rule("assets:bank", N_("Bank")),
    Rule("assets:bank-trust", N_("Bank, trust account"), restricted=True),
    Rule("assets:stripe", N_("Stripe balance")),
    Rule("assets:stripe:unclassified", N_("Stripe, to be explained")),
    Rule("assets:disputes", N_("Disputed payments")),
    Rule("assets:payout-transit", N_("Payouts on their way")),
    Rule("assets:disburse-transit", N_("Disbursements on their way"), restricted=True),
    Rule("assets:pledge-receivable:*", N_("Pledge %(name)s, not yet received")),
    Rule("assets:coop:*:clawback", N_("Owed to us by %(name)s")),
    Rule("liabilities:coop:*:held", N_("Held for %(name)s")),
    Rule("liabilities:coop:*:payable", N_("Payable to %(name)s"), may_overdraw=False),
    Rule("liabilities:buyers", N_("Owed to buyers")),
    Rule("liabilities:shipping", N_("Shipping paid in advance")),
    Rule("liabilities:deferred-fee", N_("Service fee, not yet earned")),
    Rule("liabilities:tax", N_("Taxes to hand on")),
    _fund("funds:village:held", N_("Village share, held"), may_overdraw=True),
    _fund("funds:village:programs", N_("Village program fund")),
    _fund("funds:village:training", N_("Training and mentoring fund")),
    _fund("funds:village:youth", N_("Youth ambassador fund")),
    _fund("funds:village:reserve", N_("Village reserve")),
    Rule("funds:refund-reserve", N_("Refund reserve"), may_overdraw=False),
    _fund("funds:csr:*:pledged", N_("Pledge %(name)s, promised"), may_overdraw=True),
    _fund("funds:csr:*:available", N_("Pledge %(name)s, available")),
    _fund("funds:program:*:committed", N_("Committed to program %(name)s")),
    _fund("funds:program:*:committed:*", N_("Committed to program %(name)s")),
    Rule("equity:opening", N_("Opening balances")),
    Rule("equity:retained", N_("Retained result")),
    Rule("equity:trading:*", N_("Currency exchange %(name)s")),
    Rule("income:platform-fee", N_("Service fee")),
    Rule("income:shipping-variance", N_("Shipping left over")),
    Rule("income:fx", N_("Exchange gains")),
    Rule("income:released-from-restriction", N_("Released from restriction")),
    Rule("income:dispute-recovered", N_("Disputes won")),
    Rule("expenses:stripe-fee", N_("Stripe fees")),
    Rule("expenses:dispute-fee", N_("Dispute fees")),
    Rule("expenses:bank-fee", N_("Bank fees")),
    Rule("expenses:fx", N_("Exchange losses")),
    Rule("expenses:shipping-loss", N_("Shipping losses")),
    Rule("expenses:refund-cover", N_("Refunds we cover")),
    Rule("expenses:grants:*", N_("Grants of program %(name)s")),
)

_PATTERNS = tuple(
    (re.compile(re.escape(rule.pattern).replace(r"\*", "([A-Za-z0-9][A-Za-z0-9-]*)")), rule)
    for rule in CHART
)


def rule_for(path: str) -> Rule:
    """The first row of the chart that `path` fits. Raises UnknownAccount."""
    for pattern, rule in _PATTERNS:
        if pattern.fullmatch(path):
            return rule
    raise UnknownAccount(path=path)


def title_of(path: str) -> tuple[str, dict[str, str]]:
    """What people read for `path`: a sentence to translate, and the name to put into it.

    A path that is only the beginning of others is shown as it is.
    """
    for pattern, rule in _PATTERNS:
        match = pattern.fullmatch(path)
        if match:
            return rule.title, {"name": match.group(1)} if match.groups() else {}
    return "%(name)s", {"name": path}


def account_code(path: str, currency: str) -> str:
    return f"{path}:{currency.lower()}"


def path_of(code: str) -> str:
    return code.rpartition(":")[0]


def currency_of(code: str) -> str:
    return code.rpartition(":")[2].upper()
