"""Bank statements, and which lines outside are which of the ledger.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

APPEND_ONLY = ("bank_lines", "recon_matches")


def upgrade() -> None:
    op.create_table(
        "bank_statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("account_number", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("closing_minor", sa.BigInteger(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["imported_by"], ["users.id"], name=op.f("fk_bank_statements_imported_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statements")),
    )
    op.create_table(
        "bank_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statements.id"], name=op.f("fk_bank_lines_statement_id_bank_statements")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_lines")),
        sa.UniqueConstraint("path", "reference", "on", "minor", "nth", name=op.f("uq_bank_lines_path_reference_on_minor_nth")),
    )
    op.create_index(op.f("ix_bank_lines_statement_id"), "bank_lines", ["statement_id"])
    op.create_table(
        "recon_matches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stripe_line_id", sa.String(), nullable=True),
        sa.Column("bank_line_id", sa.Integer(), nullable=True),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(stripe_line_id IS NULL) <> (bank_line_id IS NULL)", name=op.f("ck_recon_matches_one_side")),
        sa.ForeignKeyConstraint(["stripe_line_id"], ["stripe_lines.id"], name=op.f("fk_recon_matches_stripe_line_id_stripe_lines")),
        sa.ForeignKeyConstraint(["bank_line_id"], ["bank_lines.id"], name=op.f("fk_recon_matches_bank_line_id_bank_lines")),
        sa.ForeignKeyConstraint(["by_user_id"], ["users.id"], name=op.f("fk_recon_matches_by_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recon_matches")),
        sa.UniqueConstraint("stripe_line_id", "part", name=op.f("uq_recon_matches_stripe_line_id_part")),
        sa.UniqueConstraint("bank_line_id", name=op.f("uq_recon_matches_bank_line_id")),
        sa.UniqueConstraint("entry_id", "line_no", name=op.f("uq_recon_matches_entry_id_line_no")),
    )
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
            )
        return
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.get_bind().exec_driver_sql(
                f"CREATE TRIGGER ledger_guard_{table}_{act.lower()} BEFORE {act} ON {table}"
                f" FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'ledger: {table} only grow'); END"
            )


def downgrade() -> None:
    for table in ("recon_matches", "bank_lines", "bank_statements"):
        op.drop_table(table)
