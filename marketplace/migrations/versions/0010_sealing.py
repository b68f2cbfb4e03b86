"""The sealed log: leaves, tiles, signed heads and who saw them.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Rows of these tables are never changed and never removed; their keys, for SQLite's REPLACE.
KEYS = {
    "ledger_leaves": "leaf_index = NEW.leaf_index OR entry_id = NEW.entry_id",
    "ledger_tile_roots": "level = NEW.level AND position = NEW.position",
    "ledger_heads": "size = NEW.size",
    "ledger_cosignatures": "size = NEW.size AND key = NEW.key",
}


def upgrade() -> None:
    op.create_table(
        "ledger_leaves",
        sa.Column("leaf_index", BIG, autoincrement=False, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=True),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_ledger_leaves")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_ledger_leaves_entry_id")),
    )
    op.create_table(
        "ledger_tile_roots",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_ledger_tile_roots")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_heads",
        sa.Column("size", BIG, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_ledger_heads")),
    )
    op.create_table(
        "ledger_cosignatures",
        sa.Column("size", BIG, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["size"], ["ledger_heads.size"], name=op.f("fk_ledger_cosignatures_size_ledger_heads")
        ),
        sa.PrimaryKeyConstraint("size", "key", name=op.f("pk_ledger_cosignatures")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    for table in reversed(KEYS):
        op.drop_table(table)


def _guard_sqlite() -> None:
    for table, taken in KEYS.items():
        for act in ("UPDATE", "DELETE"):
            op.get_bind().exec_driver_sql(
                f"CREATE TRIGGER ledger_guard_{table}_{act.lower()} BEFORE {act} ON {table}"
                f" FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'ledger: {table} only grow'); END"
            )
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER ledger_guard_{table}_key BEFORE INSERT ON {table} FOR EACH ROW"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken})"
            " BEGIN SELECT RAISE(ABORT, 'ledger: already sealed'); END"
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
