"""The audit of the books, from the command line and every day by the worker."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from marketplace.kernel.db import transaction
from marketplace.kernel.money import Money
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.hooks import RULES, Breach
from marketplace.ledger.operations import record_audit
from marketplace.ledger.queries import entry_number
from marketplace.ledger.queries.audits import Audit, find_last_audit, get_audit, run_checks


def audit_books(*, asked_by: int | None = None) -> Audit:
    """Look at every rule, then keep what was found; the looking holds up nobody."""
    at = now()
    results = run_checks(at)
    with transaction():
        audit = record_audit(results, at=at, asked_by=asked_by)
    return get_audit(audit.id)


def audit_daily() -> int:
    """Audit the books unless it was done today; returns how many audits ran."""
    last = find_last_audit()
    if last is not None and today_in_seoul(last.at) == today_in_seoul(now()):
        return 0
    audit_books()
    return 1


def set_up_commands(app: Flask) -> None:
    group = app.cli.commands.get("ledger")
    if not isinstance(group, AppGroup):
        group = AppGroup("ledger", help="The books.")
        app.cli.add_command(group)

    @group.command("audit")
    def audit() -> None:
        """Check every rule of the books; fails when one does not hold."""
        run = audit_books()
        for line in _table(run):
            click.echo(line)
        if not run.is_clean:
            raise click.ClickException(f"{run.breaches} breaches.")


def _table(run: Audit) -> list[str]:
    width = max(len(result.name) for result in run.results)
    lines = [f"rule  {'what was checked':{width}}  {'rows':>10}  breaches"]
    for result in run.results:
        found = f"{result.count:>8,}" if result.rows or result.count else "nothing to look at"
        lines.append(f"{result.rule:4}  {result.name:{width}}  {result.rows:>10,}  {found}")
        lines += [f"      {_in_words(breach)}" for breach in result.breaches]
    lines += [f"{rule:4}  not checked yet: {RULES[rule]}" for rule in run.unchecked]
    return lines


def _in_words(breach: Breach) -> str:
    facts = {
        name: f"{fact.major:,} {fact.currency}" if isinstance(fact, Money) else fact
        for name, fact in breach.facts.items()
    }
    number = f"{entry_number(breach.entry_id)}: " if breach.entry_id is not None else ""
    return f"{number}{breach.message % facts if facts else breach.message}"
