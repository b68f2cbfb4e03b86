"""Whether what checkpoints keep is what the lines add up to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.ledger.hooks import Breach, Finding
from marketplace.ledger.models import LedgerAccount, LedgerPosting
from marketplace.ledger.queries.checkpoints import ACCOUNTS, STANDING


def check_checkpoints(at: datetime) -> Finding:
    """Every account as balances are read, beside all of its lines; at one instant."""
    lines = (
        select(LedgerPosting.account_id, func.sum(LedgerPosting.amount).label("minor"))
        .group_by(LedgerPosting.account_id)
        .subquery()
    )
    counted = func.coalesce(lines.c.minor, 0)
    rows = db.session.execute(
        select(
            LedgerAccount.code,
            LedgerAccount.currency,
            STANDING.label("kept"),
            counted.label("counted"),
        )
        .select_from(ACCOUNTS.outerjoin(lines, lines.c.account_id == LedgerAccount.id))
        .order_by(LedgerAccount.code)
    ).all()
    return Finding(
        len(rows),
        [
            Breach(
                N_("“%(account)s” is kept as %(kept)s; its lines make %(counted)s."),
                {
                    "account": row.code,
                    "kept": Money(int(row.kept), row.currency),
                    "counted": Money(int(row.counted), row.currency),
                },
            )
            for row in rows
            if int(row.kept) != int(row.counted)
        ],
    )
