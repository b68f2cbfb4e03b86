"""Audits of the books: running all checks, and reading what earlier runs found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.errors import AuditNotFound
from marketplace.ledger.hooks import RULES, Breach, Check, Fact, Finding, registered_checks
from marketplace.ledger.models import LedgerAudit
from marketplace.ledger.queries.invariants import OWN_CHECKS

# A broken set of books may break a rule in every row; this many are named, all are counted.
MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class Result:
    """What one check of a run looked at and found; `name` is marked for translation."""

    rule: str
    name: str
    rows: int
    count: int
    breaches: Sequence[Breach]


@dataclass(frozen=True, slots=True)
class Audit:
    """One look at all rules."""

    id: int
    at: datetime
    asked_by: int | None
    results: Sequence[Result]

    @property
    def rows(self) -> int:
        return sum(result.rows for result in self.results)

    @property
    def breaches(self) -> int:
        return sum(result.count for result in self.results)

    @property
    def is_clean(self) -> bool:
        return not self.breaches

    @property
    def unchecked(self) -> list[str]:
        """Rules that no room had a check for."""
        checked = {result.rule for result in self.results}
        return [rule for rule in RULES if rule not in checked]


def list_checks() -> list[Check]:
    """The ledger's own checks and those of other rooms, in the order of the rules."""
    order = list(RULES)
    return sorted([*OWN_CHECKS, *registered_checks()], key=lambda check: order.index(check.rule))


def run_checks(at: datetime) -> list[Result]:
    """Look at every rule. Others may write meanwhile, so what looks broken is looked at twice."""
    return [_run(check, at) for check in list_checks()]


def _run(check: Check, at: datetime) -> Result:
    finding = check.run(at)
    if finding.breaches:
        finding = _seen_twice(finding, check.run(at))
    named = tuple(finding.breaches[:MOST_NAMED])
    return Result(check.rule, check.name, finding.rows, len(finding.breaches), named)


def _seen_twice(first: Finding, second: Finding) -> Finding:
    return Finding(second.rows, [breach for breach in second.breaches if breach in first.breaches])


def get_audit(audit_id: int) -> Audit:
    """Raises AuditNotFound."""
    row = db.session.get(LedgerAudit, audit_id)
    if row is None:
        raise AuditNotFound
    return _read(row)


def find_last_audit() -> Audit | None:
    row = db.session.scalar(select(LedgerAudit).order_by(LedgerAudit.id.desc()).limit(1))
    return None if row is None else _read(row)


def list_audits(*, limit: int = 30) -> Sequence[LedgerAudit]:
    """The latest runs, newest first."""
    return db.session.scalars(
        select(LedgerAudit).order_by(LedgerAudit.id.desc()).limit(limit)
    ).all()


def as_findings(results: Sequence[Result]) -> list[Any]:
    """What a run keeps, as plain values."""
    return [
        {
            "rule": result.rule,
            "name": result.name,
            "rows": result.rows,
            "count": result.count,
            "breaches": [
                {
                    "message": breach.message,
                    "facts": {name: _plain(fact) for name, fact in breach.facts.items()},
                    # As text: ids of 63 bits do not survive every reader of JSON.
                    "entry": None if breach.entry_id is None else str(breach.entry_id),
                }
                for breach in result.breaches
            ],
        }
        for result in results
    ]


def _plain(fact: Fact) -> object:
    return {"minor": str(fact.minor), "in": fact.currency} if isinstance(fact, Money) else fact


def _read(row: LedgerAudit) -> Audit:
    return Audit(
        row.id,
        row.at,
        row.asked_by,
        [
            Result(
                finding["rule"],
                finding["name"],
                finding["rows"],
                finding["count"],
                [_breach(**breach) for breach in finding["breaches"]],
            )
            for finding in row.findings
        ],
    )


def _breach(message: str, facts: dict[str, Any], entry: str | None) -> Breach:
    return Breach(
        message,
        {
            name: Money(int(fact["minor"]), fact["in"]) if isinstance(fact, dict) else fact
            for name, fact in facts.items()
        },
        None if entry is None else int(entry),
    )
