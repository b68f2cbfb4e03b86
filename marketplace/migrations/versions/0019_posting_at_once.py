"""PostgreSQL books an entry in one call, and says what stood in its way instead of failing.

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

HEADER = {
    "id": "bigint",
    "kind": "text",
    "idem_key": "text",
    "request_sha256": "text",
    "effective_on": "date",
    "occurred_at": "timestamptz",
    "posted_at": "timestamptz",
    "line_count": "integer",
    "memo": "text",
    "ref_kind": "text",
    "ref_id": "text",
    "reverses_id": "bigint",
    "policy_id": "integer",
    "proposed_by": "integer",
    "approved_by": "integer",
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    # LIMIT makes each code a look-up of its own; a join would read the whole chart every time.
    # generate_subscripts is planned once; unnest would be planned anew for each entry.
    op.get_bind().exec_driver_sql(
        f"""
        CREATE FUNCTION ledger_post(
            {", ".join(f"{name} {kind}" for name, kind in HEADER.items())},
            codes text[], amounts bigint[]
        ) RETURNS text LANGUAGE plpgsql AS $$
        #variable_conflict use_variable
        DECLARE
            written integer;
            refused text;
        BEGIN
            INSERT INTO ledger_postings
                (entry_id, line_no, line_count, account_id, currency, amount)
            SELECT id, number, line_count, account.id, account.currency, amounts[number]
            FROM generate_subscripts(codes, 1) AS number
            CROSS JOIN LATERAL (
                SELECT account.id, account.currency FROM ledger_accounts AS account
                WHERE account.code = codes[number] AND account.closed_on IS NULL
                LIMIT 1
            ) AS account;
            GET DIAGNOSTICS written = ROW_COUNT;
            IF written < line_count THEN
                RAISE integrity_constraint_violation USING MESSAGE = 'ledger: account is not open';
            END IF;
            INSERT INTO ledger_entries ({", ".join(HEADER)})
            VALUES ({", ".join(HEADER)});
            RETURN NULL;
        EXCEPTION WHEN integrity_constraint_violation THEN
            GET STACKED DIAGNOSTICS refused = MESSAGE_TEXT;
            RETURN refused;
        END $$
        """
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_post")
