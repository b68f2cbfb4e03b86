from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

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
