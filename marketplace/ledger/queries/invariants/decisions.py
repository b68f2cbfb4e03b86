"""Rules about what people decide: closed months, two signatures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.hooks import Breach, Fact, Finding
from marketplace.ledger.models import (
    LedgerEntry,
    LedgerPeriod,
    LedgerPeriodChange,
    PeriodState,
    SplitPolicy,
)
from marketplace.ledger.queries.invariants.counting import count_rows

ADJUSTMENT = "adjustment"


def check_closed_months(at: datetime) -> Finding:
    """Whether the closed months still hold what they held, and who closed them is known."""
    closing = (
        select(func.max(LedgerPeriodChange.id).label("id"), LedgerPeriodChange.starts_on)
        .where(
            LedgerPeriodChange.approved_by.is_not(None),
            LedgerPeriodChange.to_state == PeriodState.CLOSED,
        )
        .group_by(LedgerPeriodChange.starts_on)
        .subquery()
    )
    inside = LedgerEntry.effective_on.between(LedgerPeriod.starts_on, LedgerPeriod.ends_on)
    late = case((LedgerEntry.id > LedgerPeriodChange.last_entry_id, LedgerEntry.id))
    rows = db.session.execute(
        select(
            LedgerPeriod.starts_on,
            LedgerPeriodChange.id,
            LedgerPeriodChange.entry_count,
            func.count(LedgerEntry.id).label("found"),
            func.max(late).label("late"),
        )
        .outerjoin(closing, closing.c.starts_on == LedgerPeriod.starts_on)
        .outerjoin(LedgerPeriodChange, LedgerPeriodChange.id == closing.c.id)
        .outerjoin(LedgerEntry, inside)
        .where(LedgerPeriod.state == PeriodState.CLOSED)
        .group_by(LedgerPeriod.starts_on, LedgerPeriodChange.id, LedgerPeriodChange.entry_count)
        .order_by(LedgerPeriod.starts_on)
    ).all()
    breaches = []
    for row in rows:
        facts: dict[str, Fact] = {"month": f"{row.starts_on:%Y-%m}"}
        if row.id is None:
            breaches.append(Breach(N_("%(month)s is closed, and nobody signed it."), facts))
        elif row.found != row.entry_count:
            breaches.append(
                Breach(
                    N_("%(month)s was closed with %(count)s entries and has %(found)s."),
                    facts | {"count": row.entry_count, "found": row.found},
                    row.late,
                )
            )
    return Finding(sum(row.found for row in rows), breaches)


def check_four_eyes(at: datetime) -> Finding:
    """Whether two different people stand behind what needs two."""
    alone = db.session.execute(
        select(LedgerEntry.id, LedgerEntry.kind)
        .where(
            or_(
                LedgerEntry.approved_by == LedgerEntry.proposed_by,
                and_(
                    LedgerEntry.kind == ADJUSTMENT,
                    or_(LedgerEntry.approved_by.is_(None), LedgerEntry.proposed_by.is_(None)),
                ),
            )
        )
        .order_by(LedgerEntry.id)
    )
    breaches = [Breach(N_("The entry has one signature only."), {}, row.id) for row in alone]
    months = db.session.execute(
        select(LedgerPeriodChange.starts_on).where(
            LedgerPeriodChange.approved_by == LedgerPeriodChange.proposed_by
        )
    )
    breaches += [
        Breach(N_("One person alone changed %(month)s."), {"month": f"{row.starts_on:%Y-%m}"})
        for row in months
    ]
    return Finding(count_rows(LedgerEntry), [*breaches, *_unsigned_policies()])


def _unsigned_policies() -> Iterator[Breach]:
    """Divisions that one person made; the first of a scope opens the books and needs nobody."""
    first = (
        select(func.min(SplitPolicy.valid_from).label("at"), SplitPolicy.scope)
        .group_by(SplitPolicy.scope)
        .subquery()
    )
    rows = db.session.execute(
        select(SplitPolicy.scope, SplitPolicy.valid_from)
        .join(first, first.c.scope == SplitPolicy.scope)
        .where(
            SplitPolicy.valid_from > first.c.at,
            or_(
                SplitPolicy.approved_by.is_(None),
                SplitPolicy.proposed_by.is_(None),
                SplitPolicy.approved_by == SplitPolicy.proposed_by,
            ),
        )
    )
    return (
        Breach(
            N_("The division “%(scope)s” of %(day)s lacks a second signature."),
            {"scope": row.scope, "day": today_in_seoul(row.valid_from).isoformat()},
        )
        for row in rows
    )
