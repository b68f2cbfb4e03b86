"""A buyer may take a request back: it is open no more, and nobody answers it.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEX = "uq_parcel_requests_open"


def upgrade() -> None:
    op.add_column("parcel_requests", sa.Column("withdrawn_at", sa.DateTime(timezone=True)))
    _make_index("answered_at IS NULL AND withdrawn_at IS NULL")


def downgrade() -> None:
    op.execute("DELETE FROM parcel_requests WHERE withdrawn_at IS NOT NULL")
    _make_index("answered_at IS NULL")
    op.drop_column("parcel_requests", "withdrawn_at")


def _make_index(is_open: str) -> None:
    """At most one request of a parcel is open."""
    op.drop_index(INDEX, "parcel_requests")
    op.create_index(
        INDEX,
        "parcel_requests",
        ["parcel_id"],
        unique=True,
        sqlite_where=sa.text(is_open),
        postgresql_where=sa.text(is_open),
    )
