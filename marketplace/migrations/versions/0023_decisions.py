"""What people decide is kept for ever, and has leaves of its own in the sealed log.

What was decided before is written down now, from the rows it left.

Revision ID: 0023
Revises: 0022
"""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLE = "ledger_decisions"
LEAVES = "ledger_leaves"
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
MAP = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")

OF_ENTRIES = ("leaf_index", "entry_id", "salt", "receipt", "leaf_hash")
ONE_THING = "(entry_id IS NULL) <> (decision_id IS NULL)"
FOUR_EYES = (
    "outcome <> 'signed' OR (proposed_by IS NOT NULL AND decided_by IS NOT NULL"
    " AND decided_by <> proposed_by)"
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposal_sha256", sa.String(), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.CheckConstraint(FOUR_EYES, name=op.f(f"ck_{TABLE}_four_eyes")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("subject", name=op.f(f"uq_{TABLE}_subject")),
    )
    _write_earlier_decisions()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
        op.alter_column(LEAVES, "entry_id", nullable=True)
        op.add_column(LEAVES, sa.Column("decision_id", BIG, nullable=True))
        op.create_unique_constraint(
            op.f(f"uq_{LEAVES}_decision_id"), LEAVES, ["decision_id"]
        )
        op.create_check_constraint(op.f(f"ck_{LEAVES}_one_thing"), LEAVES, ONE_THING)
    else:
        _guard_sqlite(TABLE, "id = NEW.id OR subject = NEW.subject", "already decided", "key_1")
        _make_leaves_anew(
            sa.Column("entry_id", BIG, nullable=True),
            sa.Column("decision_id", BIG, nullable=True),
            sa.UniqueConstraint("decision_id", name=op.f(f"uq_{LEAVES}_decision_id")),
            sa.CheckConstraint(ONE_THING, name=op.f(f"ck_{LEAVES}_one_thing")),
            taken="leaf_index = NEW.leaf_index OR entry_id = NEW.entry_id"
            " OR decision_id = NEW.decision_id",
        )


def downgrade() -> None:
    sealed = sa.text(f"SELECT count(*) FROM {LEAVES} WHERE decision_id IS NOT NULL")
    if op.get_bind().scalar(sealed):
        raise RuntimeError("Decisions are sealed: without them the log would be another.")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(f"ck_{LEAVES}_one_thing"), LEAVES)
        op.drop_column(LEAVES, "decision_id")
        op.alter_column(LEAVES, "entry_id", nullable=False)
    else:
        _make_leaves_anew(
            sa.Column("entry_id", BIG, nullable=False),
            taken="leaf_index = NEW.leaf_index OR entry_id = NEW.entry_id",
        )
    op.drop_table(TABLE)


def _make_leaves_anew(*columns: sa.Column, taken: str) -> None:
    """SQLite: a column loses its NOT NULL with its table only, and guards go with the table."""
    op.create_table(
        f"{LEAVES}_anew",
        sa.Column("leaf_index", BIG, autoincrement=False, nullable=False),
        *columns,
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=True),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f(f"pk_{LEAVES}")),
        sa.UniqueConstraint("entry_id", name=op.f(f"uq_{LEAVES}_entry_id")),
    )
    kept = ", ".join(OF_ENTRIES)
    op.execute(f"INSERT INTO {LEAVES}_anew ({kept}) SELECT {kept} FROM {LEAVES}")
    op.drop_table(LEAVES)
    op.rename_table(f"{LEAVES}_anew", LEAVES)
    _guard_sqlite(LEAVES, taken, "already sealed", "key")


def _guard_sqlite(table: str, taken: str, sentence: str, key: str) -> None:
    run = op.get_bind().exec_driver_sql
    for act in ("UPDATE", "DELETE"):
        run(
            f"CREATE TRIGGER ledger_guard_{table}_{act.lower()} BEFORE {act} ON {table}"
            f" FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'ledger: {table} only grow'); END"
        )
    run(
        f"CREATE TRIGGER ledger_guard_{table}_{key} BEFORE INSERT ON {table} FOR EACH ROW"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken})"
        f" BEGIN SELECT RAISE(ABORT, 'ledger: {sentence}'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
    )


# Earlier decisions, written as `marketplace/ledger/decisions.py` writes those of today.


def _proposals(name: str, *columns: sa.ColumnClause) -> sa.TableClause:
    return sa.table(
        name,
        *columns,
        sa.column("id"),
        sa.column("reason"),
        sa.column("proposed_by"),
        sa.column("proposed_at", INSTANT),
        sa.column("approved_by"),
        sa.column("approved_at", INSTANT),
        sa.column("withdrawn_by"),
        sa.column("withdrawn_at", INSTANT),
    )


POLICIES = sa.table(
    "split_policies",
    sa.column("id"),
    sa.column("scope"),
    sa.column("valid_from", INSTANT),
    sa.column("parts", MAP),
    sa.column("proposed_by"),
    sa.column("approved_by"),
)
POLICY_PROPOSALS = _proposals(
    "split_policy_proposals", sa.column("policy_id"), sa.column("body_sha256")
)
PERIOD_CHANGES = _proposals(
    "ledger_period_changes",
    sa.column("starts_on", sa.Date()),
    sa.column("from_state"),
    sa.column("to_state"),
    sa.column("entry_count"),
    sa.column("last_entry_id"),
)
ENTRY_PROPOSALS = _proposals(
    "ledger_entry_proposals",
    sa.column("kind"),
    sa.column("entry_id"),
    sa.column("reverses_id"),
    sa.column("body_sha256"),
)
DECISIONS = sa.table(
    TABLE,
    *(
        sa.column(name)
        for name in ("id", "kind", "outcome", "subject", "body", "reason", "proposal_sha256")
    ),
    sa.column("proposed_by"),
    sa.column("proposed_at", INSTANT),
    sa.column("decided_by"),
    sa.column("decided_at", INSTANT),
)


def _write_earlier_decisions() -> None:
    bind = op.get_bind()
    at = datetime.now(UTC)
    proposals = _rows(POLICY_PROPOSALS)
    by_policy = {row.policy_id: row for row in proposals if row.policy_id is not None}
    found = [_of_policy(policy, by_policy.get(policy.id), at) for policy in _rows(POLICIES)]
    found += [
        _decided(row, "policy", f"policy_proposal:{row.id}", {}, row.body_sha256)
        for row in proposals
        if row.withdrawn_by is not None
    ]
    found += [
        _of_period_change(row)
        for row in _rows(PERIOD_CHANGES)
        if row.approved_by is not None or row.withdrawn_by is not None
    ]
    found += [
        _of_entry_proposal(row)
        for row in _rows(ENTRY_PROPOSALS)
        if row.approved_by is not None or row.withdrawn_by is not None
    ]
    # Those of one instant keep their order: the steps of a month follow one another.
    found.sort(key=lambda decision: decision["decided_at"])
    for place, decision in enumerate(found):
        began = int(decision["decided_at"].timestamp() * 1000) << 22
        # Above the entries it rests on, so that it is not sealed before them.
        decision["id"] = max(began, decision.pop("after")) + place + 1
    if found:
        bind.execute(sa.insert(DECISIONS), found)


def _rows(table: sa.TableClause) -> list[sa.Row]:
    return list(op.get_bind().execute(sa.select(table).order_by(table.c.id)))


def _of_policy(policy: sa.Row, proposal: sa.Row | None, at: datetime) -> dict[str, object]:
    body = {
        "parts": {name: str(part) for name, part in policy.parts.items()},
        "policy": str(policy.id),
        "scope": policy.scope,
        "valid_from": _instant(policy.valid_from),
    }
    subject = f"policy:{policy.id}"
    if proposal is not None:
        return _decided(proposal, "policy", subject, body, proposal.body_sha256)
    is_signed = None not in {policy.approved_by, policy.proposed_by}
    return {
        "kind": "policy",
        "outcome": "signed" if is_signed else "opening",
        "subject": subject,
        "body": _text(body),
        "reason": "",
        "proposal_sha256": None,
        "proposed_by": policy.proposed_by,
        "proposed_at": None,
        "decided_by": policy.approved_by,
        "decided_at": at,
        "after": 0,
    }


def _of_period_change(row: sa.Row) -> dict[str, object]:
    body = {
        "entries": _number(row.entry_count),
        "from": row.from_state,
        "last_entry": _number(row.last_entry_id),
        "month": f"{row.starts_on:%Y-%m}",
        "to": row.to_state,
    }
    return _decided(
        row, "period", f"period_change:{row.id}", body, None, after=row.last_entry_id
    )


def _of_entry_proposal(row: sa.Row) -> dict[str, object]:
    body = {
        "entry": _number(row.entry_id),
        "kind": row.kind,
        "reverses": _number(row.reverses_id),
    }
    if row.approved_by is None:
        body = {}
    return _decided(
        row, "entry", f"entry_proposal:{row.id}", body, row.body_sha256, after=row.entry_id
    )


def _decided(
    row: sa.Row,
    kind: str,
    subject: str,
    body: dict[str, object],
    proposal_sha256: str | None,
    *,
    after: int | None = None,
) -> dict[str, object]:
    is_signed = row.approved_by is not None
    return {
        "kind": kind,
        "outcome": "signed" if is_signed else "withdrawn",
        "subject": subject,
        "body": _text(body),
        "reason": row.reason,
        "proposal_sha256": proposal_sha256,
        "proposed_by": row.proposed_by,
        "proposed_at": _in_utc(row.proposed_at),
        "decided_by": row.approved_by if is_signed else row.withdrawn_by,
        "decided_at": _in_utc(row.approved_at if is_signed else row.withdrawn_at),
        "after": after or 0,
    }


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _in_utc(at: datetime) -> datetime:
    """SQLite forgets zones; what it keeps is UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _instant(at: datetime) -> str:
    return _in_utc(at).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _text(body: dict[str, object]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
