"""What shows that a payment to a village did what it was for.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLE = "evidence"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("disbursement_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("photo_key", sa.String(), nullable=True),
        sa.Column("form_key", sa.String(), nullable=True),
        sa.Column("added_by", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("note <> ''", name=op.f(f"ck_{TABLE}_says_something")),
        sa.ForeignKeyConstraint(
            ["disbursement_id"],
            ["disbursements.id"],
            name=op.f(f"fk_{TABLE}_disbursement_id_disbursements"),
        ),
        sa.ForeignKeyConstraint(
            ["added_by"], ["users.id"], name=op.f(f"fk_{TABLE}_added_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["users.id"], name=op.f(f"fk_{TABLE}_withdrawn_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("form_key", name=op.f(f"uq_{TABLE}_form_key")),
    )
    op.create_index(op.f(f"ix_{TABLE}_disbursement_id"), TABLE, ["disbursement_id"])


def downgrade() -> None:
    op.drop_table(TABLE)
