"""who saw the bank line of a disbursement

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

USERS = "fk_disbursements_settled_by_users"


def upgrade() -> None:
    with op.batch_alter_table("disbursements") as batch:
        batch.add_column(sa.Column("settled_by", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f(USERS), "users", ["settled_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("disbursements") as batch:
        batch.drop_constraint(op.f(USERS), type_="foreignkey")
        batch.drop_column("settled_by")
