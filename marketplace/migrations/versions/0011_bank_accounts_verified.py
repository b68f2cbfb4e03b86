"""A bank account is paid to once a second person has checked it.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("coop_bank_accounts") as table:
        table.add_column(sa.Column("entered_by", sa.Integer(), nullable=True))
        table.add_column(sa.Column("verified_by", sa.Integer(), nullable=True))
        table.add_column(sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
        for column in ("entered_by", "verified_by"):
            table.create_foreign_key(
                op.f(f"fk_coop_bank_accounts_{column}_users"), "users", [column], ["id"]
            )
        table.create_check_constraint(
            op.f("ck_coop_bank_accounts_four_eyes"),
            "verified_by IS NULL OR verified_by <> entered_by",
        )


def downgrade() -> None:
    with op.batch_alter_table("coop_bank_accounts") as table:
        table.drop_constraint(op.f("ck_coop_bank_accounts_four_eyes"), type_="check")
        for column in ("verified_by", "entered_by"):
            table.drop_constraint(
                op.f(f"fk_coop_bank_accounts_{column}_users"), type_="foreignkey"
            )
        for column in ("verified_at", "verified_by", "entered_by"):
            table.drop_column(column)
