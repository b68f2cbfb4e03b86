"""What each audit of the books looked at and found; a run is never changed afterwards.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_audits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("breaches", sa.Integer(), nullable=False),
        sa.Column(
            "findings",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_audits")),
    )
    op.create_index("ix_ledger_audits_at", "ledger_audits", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER ledger_audits_append_only BEFORE UPDATE OR DELETE ON ledger_audits"
            " FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
        )
        op.execute(
            "CREATE TRIGGER ledger_audits_no_truncate BEFORE TRUNCATE ON ledger_audits"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )
        return
    for name, when, condition in (
        ("update", "BEFORE UPDATE", "1"),
        ("delete", "BEFORE DELETE", "1"),
        ("key_1", "BEFORE INSERT", "EXISTS (SELECT 1 FROM ledger_audits WHERE id = NEW.id)"),
    ):
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER ledger_guard_ledger_audits_{name} {when} ON ledger_audits"
            f" FOR EACH ROW WHEN {condition}"
            " BEGIN SELECT RAISE(ABORT, 'ledger: ledger_audits only grow'); END"
        )


def downgrade() -> None:
    op.drop_table("ledger_audits")
