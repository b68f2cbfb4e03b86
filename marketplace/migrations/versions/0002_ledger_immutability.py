"""The books are append-only, whoever writes to the tables.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Rows of these tables are never changed and never removed.
APPEND_ONLY = ("ledger_entries", "ledger_postings", "split_policies")

# What REPLACE and upsert could evict on SQLite: every unique key of each table.
KEYS = {
    "ledger_entries": (
        ("already booked", "id = NEW.id OR idem_key = NEW.idem_key"),
        ("already reversed", "reverses_id = NEW.reverses_id"),
    ),
    "ledger_postings": (
        ("line is taken", "entry_id = NEW.entry_id AND line_no = NEW.line_no"),
    ),
    "ledger_accounts": (("account is open", "id = NEW.id OR code = NEW.code"),),
    "ledger_periods": (("period is there", "starts_on = NEW.starts_on"),),
    "split_policies": (
        (
            "policy is there",
            "id = NEW.id OR (scope = NEW.scope AND valid_from = NEW.valid_from)",
        ),
    ),
}

FIXED = ("id", "code", "account_class", "currency", "is_restricted", "may_overdraw")

UNBALANCED = (
    "SELECT 1 FROM ledger_postings WHERE entry_id = NEW.id GROUP BY currency HAVING sum(amount) <> 0"
)
HOUSE = "SELECT count(*) FROM ledger_postings WHERE entry_id = NEW.id"
CLOSED = (
    "SELECT 1 FROM ledger_periods"
    " WHERE NEW.effective_on BETWEEN starts_on AND ends_on AND state <> 'open'"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for function in ("ledger_refuse", "ledger_check_entry", "ledger_check_account",
                         "ledger_check_period"):
            op.execute(f"DROP FUNCTION {function}() CASCADE")
    else:
        names = op.get_bind().exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger_guard_%'"
        )
        for (name,) in names.fetchall():
            op.execute(f"DROP TRIGGER {name}")


def _guard_sqlite() -> None:
    def guard(name: str, when: str, sentence: str, condition: str = "1") -> None:
        op.get_bind().exec_driver_sql(
            f"CREATE TRIGGER ledger_guard_{name} {when} FOR EACH ROW WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, 'ledger: {sentence}'); END"
        )

    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            guard(f"{table}_{act.lower()}", f"BEFORE {act} ON {table}", f"{table} only grow")
    # BEFORE INSERT runs ahead of conflict handling, so REPLACE cannot evict a row, whatever the
    # connection's pragmas are.
    for table, keys in KEYS.items():
        for number, (sentence, condition) in enumerate(keys, start=1):
            guard(
                f"{table}_key_{number}",
                f"BEFORE INSERT ON {table}",
                sentence,
                f"EXISTS (SELECT 1 FROM {table} WHERE {condition})",
            )
    guard(
        "postings_whole",
        "BEFORE INSERT ON ledger_postings",
        "amounts are whole numbers",
        "typeof(NEW.amount) <> 'integer'",
    )
    header = "BEFORE INSERT ON ledger_entries"
    guard("entry_balance", header, "entry does not balance", f"EXISTS ({UNBALANCED})")
    guard("entry_house", header, "lines are missing", f"({HOUSE}) <> NEW.line_count")
    guard("entry_period", header, "period is closed", f"EXISTS ({CLOSED})")
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FIXED)
    guard("account_update", "BEFORE UPDATE ON ledger_accounts", "accounts keep their nature", changed)
    guard("account_delete", "BEFORE DELETE ON ledger_accounts", "accounts are closed, not removed")
    guard(
        "period_update",
        "BEFORE UPDATE ON ledger_periods",
        "a closed period stays closed",
        "OLD.state = 'closed'",
    )
    guard(
        "period_delete",
        "BEFORE DELETE ON ledger_periods",
        "a closed period stays closed",
        "OLD.state <> 'open'",
    )


def _guard_postgresql() -> None:
    _function("ledger_refuse", "RAISE integrity_constraint_violation USING MESSAGE ="
              " 'ledger: ' || TG_TABLE_NAME || ' only grow';")
    _function(
        "ledger_check_entry",
        f"""
        IF EXISTS ({UNBALANCED}) THEN {_refuse("entry does not balance")} END IF;
        IF ({HOUSE}) <> NEW.line_count THEN {_refuse("lines are missing")} END IF;
        IF EXISTS ({CLOSED}) THEN {_refuse("period is closed")} END IF;
        RETURN NEW;
        """,
    )
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FIXED)
    _function(
        "ledger_check_account",
        f"IF {changed} THEN {_refuse('accounts keep their nature')} END IF; RETURN NEW;",
    )
    _function(
        "ledger_check_period",
        f"""
        IF OLD.state = 'closed' OR (TG_OP = 'DELETE' AND OLD.state <> 'open') THEN
            {_refuse("a closed period stays closed")}
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        """,
    )
    for table in APPEND_ONLY:
        _trigger(table, "append_only", "BEFORE UPDATE OR DELETE", "ROW", "ledger_refuse")
    for table in (*APPEND_ONLY, "ledger_accounts", "ledger_periods"):
        _trigger(table, "no_truncate", "BEFORE TRUNCATE", "STATEMENT", "ledger_refuse")
    _trigger("ledger_entries", "whole", "BEFORE INSERT", "ROW", "ledger_check_entry")
    _trigger("ledger_accounts", "nature", "BEFORE UPDATE", "ROW", "ledger_check_account")
    _trigger("ledger_accounts", "kept", "BEFORE DELETE", "ROW", "ledger_refuse")
    _trigger("ledger_periods", "closed", "BEFORE UPDATE OR DELETE", "ROW", "ledger_check_period")


def _refuse(sentence: str) -> str:
    return f"RAISE integrity_constraint_violation USING MESSAGE = 'ledger: {sentence}';"


def _function(name: str, body: str) -> None:
    op.get_bind().exec_driver_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
    )


def _trigger(table: str, name: str, event: str, level: str, function: str) -> None:
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER {table}_{name} {event} ON {table}"
        f" FOR EACH {level} EXECUTE FUNCTION {function}()"
    )
