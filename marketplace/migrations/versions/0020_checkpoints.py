"""Balances at checkpoints, and the entries that come in behind one.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Rows of these tables are never changed and never removed; their keys, for SQLite's REPLACE.
KEYS = {
    "ledger_balance_checkpoints": "number = NEW.number",
    "ledger_checkpoint_balances": "account_id = NEW.account_id AND number = NEW.number",
    "ledger_late_entries": "entry_id = NEW.entry_id",
}

LATE = "NEW.id < (SELECT max(floor_id) FROM ledger_balance_checkpoints)"
NOTE = "INSERT INTO ledger_late_entries (entry_id) VALUES (NEW.id)"


def upgrade() -> None:
    op.create_table(
        "ledger_balance_checkpoints",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("floor_id", BIG, nullable=False),
        sa.Column("top_id", BIG, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ledger_balance_checkpoints")),
    )
    op.create_index(
        op.f("ix_ledger_balance_checkpoints_floor_id"), "ledger_balance_checkpoints", ["floor_id"]
    )
    op.create_table(
        "ledger_checkpoint_balances",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("minor", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["ledger_accounts.id"],
            name=op.f("fk_ledger_checkpoint_balances_account_id_ledger_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ledger_balance_checkpoints.number"],
            name=op.f("fk_ledger_checkpoint_balances_number_ledger_balance_checkpoints"),
        ),
        sa.PrimaryKeyConstraint("account_id", "number", name=op.f("pk_ledger_checkpoint_balances")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_late_entries",
        sa.Column("entry_id", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_ledger_late_entries")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER ledger_entries_late ON ledger_entries")
        op.execute("DROP FUNCTION ledger_note_late_entry()")
    else:
        op.execute("DROP TRIGGER ledger_guard_entry_late")
    for table in ("ledger_late_entries", "ledger_checkpoint_balances"):
        op.drop_table(table)
    op.drop_index(
        op.f("ix_ledger_balance_checkpoints_floor_id"), "ledger_balance_checkpoints"
    )
    op.drop_table("ledger_balance_checkpoints")


def _guard_sqlite() -> None:
    run = op.get_bind().exec_driver_sql
    for table, taken in KEYS.items():
        for act in ("UPDATE", "DELETE"):
            run(
                f"CREATE TRIGGER ledger_guard_{table}_{act.lower()} BEFORE {act} ON {table}"
                f" FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'ledger: {table} only grow'); END"
            )
        run(
            f"CREATE TRIGGER ledger_guard_{table}_key_1 BEFORE INSERT ON {table} FOR EACH ROW"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken})"
            f" BEGIN SELECT RAISE(ABORT, 'ledger: {table} only grow'); END"
        )
    run(
        "CREATE TRIGGER ledger_guard_entry_late AFTER INSERT ON ledger_entries FOR EACH ROW"
        f" WHEN {LATE} BEGIN {NOTE}; END"
    )


def _guard_postgresql() -> None:
    for table in KEYS:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )
    op.get_bind().exec_driver_sql(
        "CREATE FUNCTION ledger_note_late_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {LATE} THEN {NOTE}; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_entries_late BEFORE INSERT ON ledger_entries"
        " FOR EACH ROW EXECUTE FUNCTION ledger_note_late_entry()"
    )
