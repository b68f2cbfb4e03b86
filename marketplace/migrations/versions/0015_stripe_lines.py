"""Stripe's own lines, mirrored.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

APPEND_ONLY = ("stripe_lines",)


def upgrade() -> None:
    op.create_table(
        "stripe_lines",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("exchange_rate", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("net_minor = gross_minor - fee_minor", name=op.f("ck_stripe_lines_adds_up")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_lines")),
    )
    op.create_index(op.f("ix_stripe_lines_category"), "stripe_lines", ["category"])
    op.create_index(op.f("ix_stripe_lines_source_id"), "stripe_lines", ["source_id"])
    op.create_index(op.f("ix_stripe_lines_created_at"), "stripe_lines", ["created_at"])
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
    op.drop_table("stripe_lines")
