"""requests of buyers, corrected tracking numbers, parcels that do not arrive

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("answered_at IS NULL")


def upgrade() -> None:
    op.add_column("parcels", sa.Column("reminded_at", sa.DateTime(timezone=True)))
    op.add_column("parcels", sa.Column("missing_at", sa.DateTime(timezone=True)))
    op.add_column(
        "parcels",
        sa.Column("is_arrival_assumed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "tracking_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("carrier_code", sa.String(), nullable=False),
        sa.Column("tracking_number", sa.String(), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_tracking_corrections_parcel_id_parcels")
        ),
        sa.ForeignKeyConstraint(
            ["carrier_code"],
            ["carriers.code"],
            name=op.f("fk_tracking_corrections_carrier_code_carriers"),
        ),
        sa.ForeignKeyConstraint(
            ["by_user_id"], ["users.id"], name=op.f("fk_tracking_corrections_by_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_corrections")),
    )
    op.create_index(
        op.f("ix_tracking_corrections_parcel_id"), "tracking_corrections", ["parcel_id"]
    )
    op.create_table(
        "parcel_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("answered_by", sa.Integer()),
        sa.Column("refusal", sa.String()),
        sa.Column("refund_id", sa.Integer()),
        sa.CheckConstraint(
            "answered_at IS NULL OR refusal IS NOT NULL OR refund_id IS NOT NULL",
            name=op.f("ck_parcel_requests_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_requests_parcel_id_parcels")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["users.id"], name=op.f("fk_parcel_requests_answered_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"],
            ["order_refunds.id"],
            name=op.f("fk_parcel_requests_refund_id_order_refunds"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_requests")),
    )
    op.create_index(op.f("ix_parcel_requests_parcel_id"), "parcel_requests", ["parcel_id"])
    op.create_index(
        "uq_parcel_requests_open",
        "parcel_requests",
        ["parcel_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("parcel_requests")
    op.drop_table("tracking_corrections")
    op.drop_column("parcels", "is_arrival_assumed")
    op.drop_column("parcels", "missing_at")
    op.drop_column("parcels", "reminded_at")
