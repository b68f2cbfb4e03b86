"""Lots: the postings that filled a fund, to say later what was spent of which."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import aliased

from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerLeaf, LedgerPosting


def lots(
    codes: Collection[str] = (), *, without_kinds: Collection[str] = ()
) -> Select[int, int, int, str, str | None, str | None]:
    """A statement to join: what flowed into accounts, one row per credit.

    Columns entry_id, line_no, amount (positive, minor units), code, ref_kind, ref_id. Entries of
    `without_kinds`, and reversals, only bring back what was there before and are no lots; what was
    reversed is none any more.
    """
    reversal = aliased(LedgerEntry)
    statement = (
        select(
            LedgerPosting.entry_id,
            LedgerPosting.line_no,
            (-LedgerPosting.amount).label("amount"),
            LedgerAccount.code,
            LedgerEntry.ref_kind,
            LedgerEntry.ref_id,
        )
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerPosting.amount < 0,
            LedgerEntry.reverses_id.is_(None),
            ~exists().where(reversal.reverses_id == LedgerEntry.id),
        )
    )
    if codes:
        statement = statement.where(LedgerAccount.code.in_(sorted(codes)))
    if without_kinds:
        statement = statement.where(LedgerEntry.kind.not_in(sorted(without_kinds)))
    return statement


def sealed_lots(
    codes: Collection[str] = (), *, without_kinds: Collection[str] = ()
) -> Select[int, int, int, str, str | None, str | None, int]:
    """As `lots`, with leaf_index: only what is sealed, so that its place is known for ever."""
    return (
        lots(codes, without_kinds=without_kinds)
        .join(LedgerLeaf, LedgerLeaf.entry_id == LedgerPosting.entry_id)
        .add_columns(LedgerLeaf.leaf_index)
    )
