"""Disputes, and what parcels gave for those that were lost.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("withdrawn_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("reinstated_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_back_minor", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_disputes_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
    )
    op.create_index(op.f("ix_disputes_payment_id"), "disputes", ["payment_id"])
    op.create_index(op.f("ix_disputes_status"), "disputes", ["status"])
    op.create_table(
        "parcel_disputes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dispute_id", sa.String(), nullable=False),
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("is_at_fault", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("ruled_by", sa.Integer(), nullable=True),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("minor > 0", name=op.f("ck_parcel_disputes_positive")),
        sa.CheckConstraint("ruled_by IS NULL OR reason <> ''", name=op.f("ck_parcel_disputes_reasoned")),
        sa.ForeignKeyConstraint(["dispute_id"], ["disputes.id"], name=op.f("fk_parcel_disputes_dispute_id_disputes")),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_disputes_parcel_id_parcels")),
        sa.ForeignKeyConstraint(["ruled_by"], ["users.id"], name=op.f("fk_parcel_disputes_ruled_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_disputes")),
        sa.UniqueConstraint("dispute_id", "parcel_id", name=op.f("uq_parcel_disputes_dispute_id_parcel_id")),
    )
    op.create_index(op.f("ix_parcel_disputes_parcel_id"), "parcel_disputes", ["parcel_id"])
    op.create_table(
        "dispute_parts",
        sa.Column("parcel_dispute_id", sa.Integer(), nullable=False),
        sa.Column("split_id", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("owed_minor", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["parcel_dispute_id"], ["parcel_disputes.id"], name=op.f("fk_dispute_parts_parcel_dispute_id_parcel_disputes")),
        sa.ForeignKeyConstraint(["split_id"], ["order_splits.id"], name=op.f("fk_dispute_parts_split_id_order_splits")),
        sa.PrimaryKeyConstraint("parcel_dispute_id", "split_id", name=op.f("pk_dispute_parts")),
    )


def downgrade() -> None:
    for table in ("dispute_parts", "parcel_disputes", "disputes"):
        op.drop_table(table)
