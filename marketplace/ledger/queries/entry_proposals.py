"""Entries that people proposed by hand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from marketplace.kernel.db import db
from marketplace.ledger.errors import EntryProposalNotFound
from marketplace.ledger.models import LedgerEntryProposal

IS_WAITING: tuple[ColumnElement[bool], ...] = (
    LedgerEntryProposal.approved_by.is_(None),
    LedgerEntryProposal.withdrawn_by.is_(None),
)


def get_entry_proposal(proposal_id: int) -> LedgerEntryProposal:
    """Raises EntryProposalNotFound."""
    proposal = db.session.get(LedgerEntryProposal, proposal_id)
    if proposal is None:
        raise EntryProposalNotFound
    return proposal


def list_waiting_entries() -> Sequence[LedgerEntryProposal]:
    """Proposals that nobody has decided on, oldest first."""
    return db.session.scalars(
        select(LedgerEntryProposal).where(*IS_WAITING).order_by(LedgerEntryProposal.id)
    ).all()


def find_proposal_about(entry_id: int) -> LedgerEntryProposal | None:
    """The reversal of an entry that waits, or else the proposal it was booked from."""
    return db.session.scalar(
        select(LedgerEntryProposal)
        .where(
            ((LedgerEntryProposal.reverses_id == entry_id) & IS_WAITING[0] & IS_WAITING[1])
            | (LedgerEntryProposal.entry_id == entry_id)
        )
        .order_by(LedgerEntryProposal.id.desc())
        .limit(1)
    )
