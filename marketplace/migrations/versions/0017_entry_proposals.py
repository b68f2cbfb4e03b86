"""Entries written by hand are proposed by one person and signed by another.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE = "ledger_entry_proposals"
MINOR = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("approved_by IS NULL AND withdrawn_by IS NULL")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "lines",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reverses_id", MINOR, nullable=True),
        sa.Column("last_entry_id", MINOR, nullable=True),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_id", MINOR, nullable=True),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f(f"ck_{TABLE}_four_eyes")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR withdrawn_by IS NULL", name=op.f(f"ck_{TABLE}_one_end")
        ),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (entry_id IS NULL)", name=op.f(f"ck_{TABLE}_signed_is_booked")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["ledger_entries.id"], name=op.f(f"fk_{TABLE}_{column}_ledger_entries")
            )
            for column in ("reverses_id", "entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(
        f"uq_{TABLE}_waiting",
        TABLE,
        ["reverses_id"],
        unique=True,
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    op.drop_table(TABLE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_check_entry_proposal()")


def _guard_sqlite() -> None:
    for name, when, condition in (
        ("update", "BEFORE UPDATE", "OLD.approved_by IS NOT NULL OR OLD.withdrawn_by IS NOT NULL"),
        ("delete", "BEFORE DELETE", "1"),
        ("key", "BEFORE INSERT", f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"),
    ):
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER ledger_guard_entry_proposal_{name} {when} ON {TABLE}"
            f" FOR EACH ROW WHEN {condition}"
            " BEGIN SELECT RAISE(ABORT, 'ledger: a decided proposal stays'); END"
        )


def _guard_postgresql() -> None:
    op.get_bind().exec_driver_sql(
        """
        CREATE FUNCTION ledger_check_entry_proposal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.approved_by IS NOT NULL OR OLD.withdrawn_by IS NOT NULL THEN
            RAISE integrity_constraint_violation
                USING MESSAGE = 'ledger: a decided proposal stays';
        END IF;
        RETURN NEW;
        END $$
        """
    )
    for name, event, level, function in (
        ("signed", "BEFORE UPDATE", "ROW", "ledger_check_entry_proposal"),
        ("kept", "BEFORE DELETE", "ROW", "ledger_refuse"),
        ("no_truncate", "BEFORE TRUNCATE", "STATEMENT", "ledger_refuse"),
    ):
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER {TABLE}_{name} {event} ON {TABLE}"
            f" FOR EACH {level} EXECUTE FUNCTION {function}()"
        )
