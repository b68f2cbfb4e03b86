"""Months are closed by two people; a soft-closed one takes adjustments that two people sign.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATE = sa.Enum("open", "soft", "closed", name="periodstate", native_enum=False, length=24)
WAITING = "approved_by IS NULL AND withdrawn_by IS NULL"
FIXED = ("id", "starts_on", "from_state", "to_state", "reason", "proposed_by", "proposed_at")

BALANCE = (
    "SELECT 1 FROM ledger_postings WHERE entry_id = NEW.id GROUP BY currency HAVING sum(amount) <> 0"
)
HOUSE = "SELECT count(*) FROM ledger_postings WHERE entry_id = NEW.id"
NOT_OPEN = (
    "SELECT 1 FROM ledger_periods"
    " WHERE NEW.effective_on BETWEEN starts_on AND ends_on AND state <> 'open'"
)
# What lies before a closed month is closed with it, whether it has a row or not.
CLOSED = "SELECT 1 FROM ledger_periods WHERE state = 'closed' AND NEW.effective_on <= ends_on"
SOFT = (
    "SELECT 1 FROM ledger_periods WHERE state = 'soft'"
    " AND NEW.effective_on BETWEEN starts_on AND ends_on"
    " AND NOT (NEW.kind = 'adjustment' AND NEW.proposed_by IS NOT NULL"
    " AND NEW.approved_by IS NOT NULL AND NEW.approved_by <> NEW.proposed_by)"
)


def upgrade() -> None:
    op.create_table(
        "ledger_period_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("from_state", STATE, nullable=False),
        sa.Column("to_state", STATE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("audit_id", sa.Integer(), nullable=True),
        sa.Column("entry_count", sa.Integer(), nullable=True),
        sa.Column(
            "last_entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by",
            name=op.f("ck_ledger_period_changes_four_eyes"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR withdrawn_by IS NULL",
            name=op.f("ck_ledger_period_changes_one_end"),
        ),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["ledger_audits.id"],
            name=op.f("fk_ledger_period_changes_audit_id_ledger_audits"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_period_changes")),
    )
    op.create_index(
        "uq_ledger_period_changes_waiting",
        "ledger_period_changes",
        ["starts_on"],
        unique=True,
        postgresql_where=sa.text(WAITING),
        sqlite_where=sa.text(WAITING),
    )
    if op.get_bind().dialect.name == "postgresql":
        _check_entry_postgresql(
            f"IF EXISTS ({CLOSED}) THEN {_refuse('period is closed')} END IF;"
            f" IF EXISTS ({SOFT}) THEN {_refuse('period is soft-closed')} END IF;"
        )
        _guard_changes_postgresql()
    else:
        run = op.get_bind().exec_driver_sql
        run("DROP TRIGGER ledger_guard_entry_period")
        _guard("entry_period", "BEFORE INSERT ON ledger_entries", "period is closed",
               f"EXISTS ({CLOSED})")
        _guard("entry_soft_period", "BEFORE INSERT ON ledger_entries", "period is soft-closed",
               f"EXISTS ({SOFT})")
        _guard_changes_sqlite()


def downgrade() -> None:
    op.drop_table("ledger_period_changes")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_check_period_change()")
        _check_entry_postgresql(f"IF EXISTS ({NOT_OPEN}) THEN {_refuse('period is closed')} END IF;")
        return
    op.execute("DROP TRIGGER ledger_guard_entry_soft_period")
    op.execute("DROP TRIGGER ledger_guard_entry_period")
    _guard("entry_period", "BEFORE INSERT ON ledger_entries", "period is closed",
           f"EXISTS ({NOT_OPEN})")


def _guard_changes_sqlite() -> None:
    table = "ledger_period_changes"
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FIXED)
    _guard("period_change_update", f"BEFORE UPDATE ON {table}", "a signed change stays",
           f"NOT (OLD.approved_by IS NULL AND OLD.withdrawn_by IS NULL) OR {changed}")
    _guard("period_change_delete", f"BEFORE DELETE ON {table}", "changes of months only grow")
    _guard("period_change_key", f"BEFORE INSERT ON {table}", "change is there",
           f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)")


def _guard(name: str, when: str, sentence: str, condition: str = "1") -> None:
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER ledger_guard_{name} {when} FOR EACH ROW WHEN {condition}"
        f" BEGIN SELECT RAISE(ABORT, 'ledger: {sentence}'); END"
    )


def _guard_changes_postgresql() -> None:
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FIXED)
    op.get_bind().exec_driver_sql(
        f"""
        CREATE FUNCTION ledger_check_period_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NOT (OLD.approved_by IS NULL AND OLD.withdrawn_by IS NULL) OR {changed} THEN
            {_refuse("a signed change stays")}
        END IF;
        RETURN NEW;
        END $$
        """
    )
    for name, event, level, function in (
        ("signed", "BEFORE UPDATE", "ROW", "ledger_check_period_change"),
        ("kept", "BEFORE DELETE", "ROW", "ledger_refuse"),
        ("no_truncate", "BEFORE TRUNCATE", "STATEMENT", "ledger_refuse"),
    ):
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER ledger_period_changes_{name} {event} ON ledger_period_changes"
            f" FOR EACH {level} EXECUTE FUNCTION {function}()"
        )


def _check_entry_postgresql(period: str) -> None:
    op.get_bind().exec_driver_sql(
        f"""
        CREATE OR REPLACE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS ({BALANCE}) THEN {_refuse("entry does not balance")} END IF;
        IF ({HOUSE}) <> NEW.line_count THEN {_refuse("lines are missing")} END IF;
        {period}
        RETURN NEW;
        END $$
        """
    )


def _refuse(sentence: str) -> str:
    return f"RAISE integrity_constraint_violation USING MESSAGE = 'ledger: {sentence}';"
