from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Model

Minor = BigInteger().with_variant(Integer(), "sqlite")


class AccountClass(StrEnum):
    ASSET = "A"
    LIABILITY = "L"
    EQUITY = "Q"
    INCOME = "I"
    EXPENSE = "X"
    FUND = "F"


class LedgerAccount(Model):
    """A place money can be, in one currency. Codes are paths ending in the currency."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (UniqueConstraint("id", "currency"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    account_class: Mapped[AccountClass]
    currency: Mapped[str]
    owner_kind: Mapped[str | None]
    owner_id: Mapped[int | None]
    is_restricted: Mapped[bool] = mapped_column(default=False)
    may_overdraw: Mapped[bool] = mapped_column(default=True)
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]


class LedgerEntry(Model):
    """One business fact. Written after its postings, which closes the house for ever."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("id", "line_count"),
        CheckConstraint("line_count >= 2", name="at_least_two_lines"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        Index(
            "uq_ledger_entries_reverses_id",
            "reverses_id",
            unique=True,
            postgresql_where=text("reverses_id IS NOT NULL"),
            sqlite_where=text("reverses_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Minor, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(index=True)
    idem_key: Mapped[str] = mapped_column(unique=True)
    request_sha256: Mapped[str]
    effective_on: Mapped[date] = mapped_column(index=True)
    occurred_at: Mapped[datetime]
    posted_at: Mapped[datetime]
    line_count: Mapped[int]
    memo: Mapped[str]
    ref_kind: Mapped[str | None]
    ref_id: Mapped[str | None]
    reverses_id: Mapped[int | None] = mapped_column(Minor, ForeignKey("ledger_entries.id"))
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("split_policies.id"))
    proposed_by: Mapped[int | None]
    approved_by: Mapped[int | None]


Index("ix_ledger_entries_ref", LedgerEntry.ref_kind, LedgerEntry.ref_id)


class LedgerPosting(Model):
    """One line: debit positive, credit negative, in minor units of its account's currency."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        CheckConstraint("line_no BETWEEN 1 AND line_count", name="line_in_house"),
        CheckConstraint("amount <> 0", name="not_zero"),
        ForeignKeyConstraint(
            ["entry_id", "line_count"],
            ["ledger_entries.id", "ledger_entries.line_count"],
            deferrable=True,
            initially="DEFERRED",
        ),
        ForeignKeyConstraint(
            ["account_id", "currency"], ["ledger_accounts.id", "ledger_accounts.currency"]
        ),
        Index(
            "ix_ledger_postings_account_id_entry_id",
            "account_id",
            "entry_id",
            postgresql_include=["amount"],
        ),
        # Without a hidden row number there is no second key by which REPLACE could evict a line.
        {"sqlite_with_rowid": False},
    )

    entry_id: Mapped[int] = mapped_column(Minor, primary_key=True, autoincrement=False)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line_count: Mapped[int]
    account_id: Mapped[int]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(Minor)


class LedgerAccountControl(Model):
    """A row to lock before money leaves an account that must not overdraw."""

    __tablename__ = "ledger_account_controls"

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"), primary_key=True)


class LedgerLeaf(Model):
    """The place of an entry or of a decision in the sealed log, in the order of sealing.

    `salt` hides what is private in the leaf; `receipt` is what the code on a buyer's receipt
    opens. The leaf's bytes are never kept: they are written anew from the entry or decision.
    """

    __tablename__ = "ledger_leaves"
    __table_args__ = (
        CheckConstraint("(entry_id IS NULL) <> (decision_id IS NULL)", name="one_thing"),
    )

    leaf_index: Mapped[int] = mapped_column(Minor, primary_key=True, autoincrement=False)
    entry_id: Mapped[int | None] = mapped_column(Minor, unique=True)
    decision_id: Mapped[int | None] = mapped_column(Minor, unique=True)
    salt: Mapped[bytes]
    receipt: Mapped[str | None]
    leaf_hash: Mapped[bytes]


class LedgerTileRoot(Model):
    """The root of a full tile: hash `position` of the tiles on the level above, from 1 up."""

    __tablename__ = "ledger_tile_roots"
    __table_args__ = ({"sqlite_with_rowid": False},)

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Minor, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class LedgerHead(Model):
    """A signed head: what the log was when it had `size` leaves.

    `frontier` are the roots of its whole subtrees, joined: enough to let the tree grow.
    """

    __tablename__ = "ledger_heads"

    size: Mapped[int] = mapped_column(Minor, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    frontier: Mapped[bytes]
    note: Mapped[str]
    signed_at: Mapped[datetime]


class LedgerCosignature(Model):
    """An outside key's word that it saw a head and that history only grew until then."""

    __tablename__ = "ledger_cosignatures"
    __table_args__ = ({"sqlite_with_rowid": False},)

    size: Mapped[int] = mapped_column(Minor, ForeignKey("ledger_heads.size"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str]
    seen_at: Mapped[datetime]


class BalanceCheckpoint(Model):
    """A place in the sealed log up to which the balances of all accounts are kept.

    Every entry with an id below `floor_id` is among the first `size` leaves, or a LateEntry; none
    above `top_id` is among them.
    """

    __tablename__ = "ledger_balance_checkpoints"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(Minor)
    floor_id: Mapped[int] = mapped_column(Minor, index=True)
    top_id: Mapped[int] = mapped_column(Minor)
    taken_at: Mapped[datetime]


class CheckpointBalance(Model):
    """What an account stood at, in minor units; until its next row, also at later checkpoints."""

    __tablename__ = "ledger_checkpoint_balances"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(
        ForeignKey("ledger_balance_checkpoints.number"), primary_key=True
    )
    minor: Mapped[int] = mapped_column(Minor)


class LateEntry(Model):
    """An entry that came in behind a checkpoint's floor, as from a machine whose clock is slow.

    The database notes it by itself, so that no balance overlooks it.
    """

    __tablename__ = "ledger_late_entries"

    entry_id: Mapped[int] = mapped_column(Minor, primary_key=True, autoincrement=False)


class PeriodState(StrEnum):
    OPEN = "open"
    SOFT_CLOSED = "soft"
    CLOSED = "closed"


class LedgerPeriod(Model):
    """A calendar month of the books."""

    __tablename__ = "ledger_periods"
    __table_args__ = ({"sqlite_with_rowid": False},)

    starts_on: Mapped[date] = mapped_column(primary_key=True)
    ends_on: Mapped[date]
    state: Mapped[PeriodState] = mapped_column(default=PeriodState.OPEN)


class SplitPolicy(Model):
    """How an amount is divided, in basis points, from `valid_from` until the next row."""

    __tablename__ = "split_policies"
    __table_args__ = (
        UniqueConstraint("scope", "valid_from"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    valid_from: Mapped[datetime]
    parts: Mapped[dict[str, int]]
    proposed_by: Mapped[int | None]
    approved_by: Mapped[int | None]


class LedgerAudit(Model):
    """One look at all rules of the books; append-only. `asked_by` is nobody for the daily run.

    `findings` is a list of what each check looked at and found, as `queries.audits` reads it.
    """

    __tablename__ = "ledger_audits"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    asked_by: Mapped[int | None]
    rows: Mapped[int] = mapped_column(Minor)
    breaches: Mapped[int]
    findings: Mapped[list[Any]]


class LedgerPeriodChange(Model):
    """A step of a month's state: proposed by one person, signed by another, then unchangeable.

    Closing keeps the audit it rested on, and how many entries the month had then.
    """

    __tablename__ = "ledger_period_changes"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("approved_by IS NULL OR withdrawn_by IS NULL", name="one_end"),
        Index(
            "uq_ledger_period_changes_waiting",
            "starts_on",
            unique=True,
            postgresql_where=text("approved_by IS NULL AND withdrawn_by IS NULL"),
            sqlite_where=text("approved_by IS NULL AND withdrawn_by IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    starts_on: Mapped[date]
    from_state: Mapped[PeriodState]
    to_state: Mapped[PeriodState]
    reason: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at: Mapped[datetime]
    approved_by: Mapped[int | None]
    approved_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]
    audit_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_audits.id"))
    entry_count: Mapped[int | None]
    last_entry_id: Mapped[int | None] = mapped_column(Minor)

    @property
    def is_waiting(self) -> bool:
        """Proposed, and neither signed nor withdrawn."""
        return self.approved_by is None and self.withdrawn_by is None


class SplitPolicyProposal(Model):
    """A division one person proposes; with a second signature it becomes a SplitPolicy.

    `body_sha256` seals what the second person reads. Decided, it is unchangeable.
    """

    __tablename__ = "split_policy_proposals"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("approved_by IS NULL OR withdrawn_by IS NULL", name="one_end"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    valid_from: Mapped[datetime]
    parts: Mapped[dict[str, int]]
    reason: Mapped[str]
    body_sha256: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at: Mapped[datetime]
    approved_by: Mapped[int | None]
    approved_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("split_policies.id"))

    @property
    def is_waiting(self) -> bool:
        """Proposed, and neither signed nor withdrawn."""
        return self.approved_by is None and self.withdrawn_by is None


class LedgerEntryProposal(Model):
    """An entry one person wrote by hand; with a second signature it is booked, once.

    `lines` are [path, minor units, currency], `last_entry_id` is the newest entry about the same
    matter when it was proposed, `body_sha256` seals what the second person reads. Decided, it is
    unchangeable.
    """

    __tablename__ = "ledger_entry_proposals"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("approved_by IS NULL OR withdrawn_by IS NULL", name="one_end"),
        CheckConstraint("(approved_by IS NULL) = (entry_id IS NULL)", name="signed_is_booked"),
        Index(
            "uq_ledger_entry_proposals_waiting",
            "reverses_id",
            unique=True,
            postgresql_where=text("approved_by IS NULL AND withdrawn_by IS NULL"),
            sqlite_where=text("approved_by IS NULL AND withdrawn_by IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    lines: Mapped[list[Any]]
    effective_on: Mapped[date]
    memo: Mapped[str]
    reason: Mapped[str]
    reverses_id: Mapped[int | None] = mapped_column(Minor, ForeignKey("ledger_entries.id"))
    last_entry_id: Mapped[int | None] = mapped_column(Minor)
    body_sha256: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at: Mapped[datetime]
    approved_by: Mapped[int | None]
    approved_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]
    entry_id: Mapped[int | None] = mapped_column(Minor, ForeignKey("ledger_entries.id"))

    @property
    def is_waiting(self) -> bool:
        """Proposed, and neither signed nor withdrawn."""
        return self.approved_by is None and self.withdrawn_by is None


class LedgerDecision(Model):
    """Something that people decided, as it was decided; append-only, and sealed as entries are.

    `subject` names the row it is about, which is decided once: `policy:3`. `body` is what the
    public may know, as canonical JSON. `decided_by` is who signed, or who took it back; nobody
    where the books were opened with it. `proposal_sha256` is of what the second person read.
    """

    __tablename__ = "ledger_decisions"
    __table_args__ = (
        CheckConstraint(
            "outcome <> 'signed' OR (proposed_by IS NOT NULL AND decided_by IS NOT NULL"
            " AND decided_by <> proposed_by)",
            name="four_eyes",
        ),
    )

    id: Mapped[int] = mapped_column(Minor, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    outcome: Mapped[str]
    subject: Mapped[str] = mapped_column(unique=True)
    body: Mapped[str]
    reason: Mapped[str]
    proposal_sha256: Mapped[str | None]
    proposed_by: Mapped[int | None]
    proposed_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime]
