"""Lines of banks that two people say what they are: fees, carriers' invoices.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE = "bank_bookings"
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
WAITING = sa.text("approved_by IS NULL AND withdrawn_by IS NULL")
PEOPLE = ("proposed_by", "approved_by", "withdrawn_by")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_line_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f(f"ck_{TABLE}_four_eyes")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR withdrawn_by IS NULL", name=op.f(f"ck_{TABLE}_one_end")
        ),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (entry_id IS NULL)", name=op.f(f"ck_{TABLE}_signed_is_booked")
        ),
        sa.ForeignKeyConstraint(
            ["bank_line_id"], ["bank_lines.id"], name=op.f(f"fk_{TABLE}_bank_line_id_bank_lines")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["users.id"], name=op.f(f"fk_{TABLE}_{column}_users")
            )
            for column in PEOPLE
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(
        f"uq_{TABLE}_waiting",
        TABLE,
        ["bank_line_id"],
        unique=True,
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    op.drop_table(TABLE)


def _guard_sqlite() -> None:
    for name, when, condition in (
        ("update", "BEFORE UPDATE", "OLD.approved_by IS NOT NULL OR OLD.withdrawn_by IS NOT NULL"),
        ("delete", "BEFORE DELETE", "1"),
        ("key", "BEFORE INSERT", f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"),
    ):
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER ledger_guard_{TABLE}_{name} {when} ON {TABLE}"
            f" FOR EACH ROW WHEN {condition}"
            " BEGIN SELECT RAISE(ABORT, 'ledger: a decided proposal stays'); END"
        )


def _guard_postgresql() -> None:
    for name, event, level, function in (
        ("signed", "BEFORE UPDATE", "ROW", "ledger_check_entry_proposal"),
        ("kept", "BEFORE DELETE", "ROW", "ledger_refuse"),
        ("no_truncate", "BEFORE TRUNCATE", "STATEMENT", "ledger_refuse"),
    ):
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER {TABLE}_{name} {event} ON {TABLE}"
            f" FOR EACH {level} EXECUTE FUNCTION {function}()"
        )
