"""The admin's smaller pages as tables to keep. As in `tables`, nobody is named: files travel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _

from marketplace.admin.views.audits import breach_words
from marketplace.admin.views.funds import fund_name
from marketplace.admin.views.periods import change_name, state_name
from marketplace.admin.views.policies import part_name, scope_name
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.hooks import RULES
from marketplace.ledger.models import SplitPolicy, SplitPolicyProposal
from marketplace.ledger.policies import SCOPES
from marketplace.ledger.queries import AccountBalance, entry_number
from marketplace.ledger.queries.audits import Audit, Result
from marketplace.ledger.queries.conservation import Conservation
from marketplace.ledger.queries.periods import Month
from marketplace.ledger.queries.policy_history import PolicyFact
from marketplace.reinvestment.queries.overview import FundFacts
from marketplace.statements.wording import account_name, class_name, kind_name
from marketplace.web.downloads import Cell, Table


def accounts_table(groups: Iterable[tuple[str, Sequence[AccountBalance]]]) -> Table:
    """A row per account, by class, with its balance on the side on which it grows."""
    columns = [_("Class"), _("Account code"), _("Account"), _("Currency"), _("Balance")]
    rows = [
        (
            class_name(letter),
            row.account.code,
            account_name(row.account.path),
            row.account.currency,
            row.natural,
        )
        for letter, group in groups
        for row in group
    ]
    return Table(_("Accounts"), columns, rows)


def funds_table(funds: Iterable[FundFacts]) -> Table:
    """A row per fund."""
    columns = [
        *(_("Fund"), _("In, 12 months"), _("Out, 12 months"), _("Committed to programs")),
        *(_("Free"), _("Lasts, months")),
    ]
    rows = [
        (
            fund_name(fund.path),
            fund.came_lately,
            fund.spent_lately,
            fund.committed,
            fund.free,
            fund.runway,
        )
        for fund in funds
    ]
    return Table(_("Funds"), columns, rows)


def periods_table(months: Iterable[Month], revalued: Mapping[str, Sequence[int]]) -> Table:
    """A row per month; its changes in one cell, the newest first."""
    columns = [
        *(_("Month"), _("State"), _("Entries"), _("Changes"), _("Revaluation")),
        _("Waits for the second signature"),
    ]
    return Table(_("Months"), columns, _period_rows(months, revalued))


def _period_rows(
    months: Iterable[Month], revalued: Mapping[str, Sequence[int]]
) -> Iterator[Sequence[Cell]]:
    for month in months:
        key = f"{month.starts_on:%Y-%m}"
        changes = [
            f"{change_name(change.to_state)} {today_in_seoul(change.approved_at)} {change.reason}"
            for change in month.signed
            if change.approved_at
        ]
        yield (
            key,
            state_name(month.state),
            month.entries,
            "; ".join(change.strip() for change in changes),
            ", ".join(map(entry_number, revalued.get(key, ()))),
            change_name(month.waiting.to_state) if month.waiting else None,
        )


def policies_table(
    histories: Mapping[str, Sequence[PolicyFact]],
    waiting: Iterable[SplitPolicyProposal],
    at: datetime,
) -> Table:
    """A row per part of each division, what waits for a signature first."""
    columns = [
        *(_("Division"), _("Holds from"), _("State"), _("Part"), _("Share in percent")),
        _("Reason"),
    ]
    return Table(_("Divisions"), columns, _policy_rows(histories, waiting, at))


def _policy_rows(
    histories: Mapping[str, Sequence[PolicyFact]],
    waiting: Iterable[SplitPolicyProposal],
    at: datetime,
) -> Iterator[Sequence[Cell]]:
    for proposal in waiting:
        state = _("Waits for the second signature")
        yield from _parts(proposal.scope, proposal, state, proposal.reason)
    for scope, history in histories.items():
        for fact in history:
            coming = _("coming") if fact.policy.valid_from > at else None
            state = _("in force") if fact.is_in_force(at) else coming
            reason = fact.proposal.reason if fact.proposal else None
            yield from _parts(scope, fact.policy, state, reason)


def _parts(
    scope: str, division: SplitPolicyProposal | SplitPolicy, state: str | None, reason: str | None
) -> Iterator[Sequence[Cell]]:
    begins_on = today_in_seoul(division.valid_from)
    for part in SCOPES[scope]:
        share = Decimal(division.parts.get(part, 0)) / 100
        yield (scope_name(scope), begins_on, state, part_name(part), share, reason)


def audit_table(audit: Audit | None) -> Table:
    """A row per check of the run, and one for each breach it lists."""
    columns = [
        *(_("Rule"), _("What was checked"), _("Rows"), _("Breaches"), _("What is broken")),
        _("Entry"),
    ]
    return Table(_("Audit"), columns, _audit_rows(audit) if audit else [])


def _audit_rows(audit: Audit) -> Iterator[Sequence[Cell]]:
    for rule, sentence in RULES.items():
        results = [result for result in audit.results if result.rule == rule]
        if not results:
            yield (rule, _(sentence), 0, _("not checked"), None, None)
        for result in results:
            yield from _result_rows(result)


def _result_rows(result: Result) -> Iterator[Sequence[Cell]]:
    yield (result.rule, _(result.name), result.rows, result.count, None, None)
    for breach in result.breaches:
        entry = entry_number(breach.entry_id) if breach.entry_id else None
        yield (result.rule, _(result.name), None, None, breach_words(breach), entry)


def conservation_table(currencies: Iterable[Conservation]) -> Table:
    """What was paid in, what left, what is here and what that is for, in each currency."""
    columns = [_("Currency"), _("Class"), _("What"), _("Amount")]
    return Table(_("Conservation"), columns, _conservation_rows(currencies))


def _conservation_rows(currencies: Iterable[Conservation]) -> Iterator[Sequence[Cell]]:
    for money in currencies:
        for title, flows in ((_("Paid in"), money.paid_in), (_("Money that left"), money.used)):
            for kind, amount in flows:
                yield (money.currency, title, kind_name(kind), amount)
        for row in money.cash:
            yield (money.currency, _("Cash"), _named(row), row.balance)
        difference = _("Paid in, less paid out and cash")
        yield (money.currency, _("Difference"), difference, money.difference)
        for row in money.claims:
            yield (money.currency, _("What the cash is for"), _named(row), -row.balance)


def _named(row: AccountBalance) -> str:
    return account_name(row.account.path) or row.account.path
