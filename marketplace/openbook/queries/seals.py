"""The signed heads of the log, and where in it entries are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from marketplace.kernel.db import db
from marketplace.ledger.models import (
    LedgerCosignature,
    LedgerDecision,
    LedgerEntry,
    LedgerHead,
    LedgerLeaf,
)
from marketplace.ledger.queries.decisions import PublicDecision, public_decision


@dataclass(frozen=True, slots=True)
class Seal:
    """A head that was signed: all of the first `size` leaves are in `root`."""

    size: int
    root: str
    signed_at: datetime
    note: str
    witnesses: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leaf is in the log, from 1 on, and when it was sealed there."""

    number: int
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class SealedDecision:
    """Something that people decided, and where in the log it is."""

    decision: PublicDecision
    place: Place


_witnesses = (
    select(func.count())
    .select_from(LedgerCosignature)
    .where(LedgerCosignature.size == LedgerHead.size)
    .correlate(LedgerHead)
    .scalar_subquery()
)


_sealed_by = (
    select(func.min(LedgerHead.size))
    .where(LedgerHead.size > LedgerLeaf.leaf_index)
    .correlate(LedgerLeaf)
    .scalar_subquery()
)


def newest_state() -> tuple[int, int]:
    """The newest entry's id and the newest head's size, which change with all that is shown."""
    entry_id, size = db.session.execute(
        select(
            select(func.max(LedgerEntry.id)).scalar_subquery(),
            select(func.max(LedgerHead.size)).scalar_subquery(),
        )
    ).one()
    return entry_id or 0, size or 0


def find_seal() -> Seal | None:
    """The newest one; one query."""
    return next(iter(_seals(_rows().limit(1))), None)


def list_seals(*, number: int, size: int) -> tuple[list[Seal], int]:
    """A page of seals, the newest first, and how many there are; two queries."""
    count = db.session.scalar(select(func.count()).select_from(LedgerHead)) or 0
    return _seals(_rows().limit(size).offset((number - 1) * size)), count


def places_of(entry_ids: Collection[int]) -> Mapping[int, Place]:
    """Where entries are in the log; those that wait for their seal are not there. One query."""
    rows = db.session.execute(
        select(LedgerLeaf.entry_id, LedgerLeaf.leaf_index, LedgerHead.signed_at)
        .join(LedgerHead, LedgerHead.size == _sealed_by)
        .where(LedgerLeaf.entry_id.in_(entry_ids))
    )
    return {
        entry_id: Place(index + 1, signed_at)
        for entry_id, index, signed_at in rows
        if entry_id is not None
    }


def list_sealed_decisions(*, number: int, size: int) -> tuple[list[SealedDecision], int]:
    """A page of sealed decisions, the newest first, and how many there are; two queries."""
    count = db.session.scalar(
        select(func.count()).where(LedgerLeaf.decision_id == LedgerDecision.id)
    )
    rows = db.session.execute(
        select(LedgerDecision, LedgerLeaf.leaf_index, LedgerHead.signed_at)
        .join(LedgerLeaf, LedgerLeaf.decision_id == LedgerDecision.id)
        .join(LedgerHead, LedgerHead.size == _sealed_by)
        .order_by(LedgerLeaf.leaf_index.desc())
        .limit(size)
        .offset((number - 1) * size)
    )
    found = [
        SealedDecision(public_decision(decision), Place(index + 1, signed_at))
        for decision, index, signed_at in rows
    ]
    return found, count or 0


def _rows() -> Select[*tuple[Any, ...]]:
    return select(
        LedgerHead.size, LedgerHead.root, LedgerHead.signed_at, LedgerHead.note, _witnesses
    ).order_by(LedgerHead.size.desc())


def _seals(statement: Select[*tuple[Any, ...]]) -> list[Seal]:
    rows: Sequence[Any] = db.session.execute(statement).all()
    return [
        Seal(size, root.hex(), signed_at, note, witnesses)
        for size, root, signed_at, note, witnesses in rows
    ]
