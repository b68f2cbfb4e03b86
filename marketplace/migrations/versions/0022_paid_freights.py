"""Which parcels' freight was settled with their carriers.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLE = "paid_freights"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f(f"fk_{TABLE}_parcel_id_parcels")
        ),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(op.f(f"ix_{TABLE}_entry_id"), TABLE, ["entry_id"])
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name, event, level in (
            ("append_only", "BEFORE UPDATE OR DELETE", "ROW"),
            ("no_truncate", "BEFORE TRUNCATE", "STATEMENT"),
        ):
            op.execute(
                f"CREATE TRIGGER {TABLE}_{name} {event} ON {TABLE}"
                f" FOR EACH {level} EXECUTE FUNCTION ledger_refuse()"
            )
        return
    for act in ("UPDATE", "DELETE"):
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER ledger_guard_{TABLE}_{act.lower()} BEFORE {act} ON {TABLE}"
            f" FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'ledger: {TABLE} only grow'); END"
        )


def downgrade() -> None:
    op.drop_table(TABLE)
