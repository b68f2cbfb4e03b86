"""The admin's smaller pages as files, with the rows that they show."""

from __future__ import annotations

from marketplace.admin.views.accounts import by_class
from marketplace.admin.views.audits import chosen_audit
from marketplace.admin.views.blueprint import bp, readers
from marketplace.admin.views.page_tables import (
    accounts_table,
    audit_table,
    conservation_table,
    funds_table,
    periods_table,
    policies_table,
)
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.policies import SCOPES
from marketplace.ledger.queries import list_accounts
from marketplace.ledger.queries.conservation import conservation
from marketplace.ledger.queries.periods import list_months
from marketplace.ledger.queries.policy_history import list_policies, list_waiting_policies
from marketplace.orders.queries.revaluation import revaluations_of
from marketplace.reinvestment.queries.overview import list_funds
from marketplace.web.downloads import Table, offered_at


@offered_at(bp, "/ledger/accounts/", "accounts", to=readers)
def _accounts() -> Table:
    return accounts_table(by_class(list_accounts()))


@offered_at(bp, "/funds/", "funds", to=readers)
def _funds() -> Table:
    return funds_table(list_funds(today_in_seoul(now())))


@offered_at(bp, "/ledger/periods/", "periods", to=readers)
def _periods() -> Table:
    months = list_months(today_in_seoul(now()))
    keys = [f"{month.starts_on:%Y-%m}" for month in months]
    return periods_table(months, revaluations_of(keys))


@offered_at(bp, "/ledger/policies/", "policies", to=readers)
def _policies() -> Table:
    histories = {scope: list_policies(scope) for scope in SCOPES}
    return policies_table(histories, list_waiting_policies(), now())


@offered_at(bp, "/ledger/audit/", "audit", to=readers)
def _audit() -> Table:
    return audit_table(chosen_audit())


@offered_at(bp, "/ledger/conservation/", "conservation", to=readers)
def _conservation() -> Table:
    return conservation_table(conservation())
