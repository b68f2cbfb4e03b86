"""Keeping what an audit found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from marketplace.kernel.db import db
from marketplace.ledger.models import LedgerAudit
from marketplace.ledger.queries.audits import Result, as_findings

log = structlog.get_logger()


def record_audit(
    results: Sequence[Result], *, at: datetime, asked_by: int | None = None
) -> LedgerAudit:
    """Keep a run for ever; a broken rule is also told to whoever watches the log."""
    audit = LedgerAudit(
        at=at,
        asked_by=asked_by,
        rows=sum(result.rows for result in results),
        breaches=sum(result.count for result in results),
        findings=as_findings(results),
    )
    db.session.add(audit)
    db.session.flush()
    if audit.breaches:
        broken = sorted({result.rule for result in results if result.count})
        log.error("the books are broken", audit=audit.id, rules=broken)
    return audit
