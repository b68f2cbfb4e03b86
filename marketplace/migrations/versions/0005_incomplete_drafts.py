"""drafts may lack everything but a name; all other goods are complete

Revision ID: 0005
Revises: 0004
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COMPLETE = "state = 'draft' OR (category <> '' AND hs6 IS NOT NULL)"
LACKING = "(price_minor IS NULL OR weight_grams IS NULL)"
# Both tables have a say in it, which no CHECK can express.
OF_DRAFT = (
    "(NEW.price_minor IS NULL OR NEW.weight_grams IS NULL) AND EXISTS"
    " (SELECT 1 FROM products WHERE id = NEW.product_id AND state <> 'draft')"
)
GUARDS = {
    ("variants", "insert"): OF_DRAFT,
    ("variants", "update of price_minor, weight_grams"): OF_DRAFT,
    ("products", "update of state"): "NEW.state <> 'draft' AND EXISTS"
    f" (SELECT 1 FROM variants WHERE product_id = NEW.id AND {LACKING})",
}
SENTENCE = "catalog: only a draft may lack price or weight"


def upgrade() -> None:
    with _tables_made_anew():
        with op.batch_alter_table("products") as batch:
            batch.alter_column("hs6", existing_type=sa.String(), nullable=True)
            batch.create_check_constraint(op.f("ck_products_complete_beyond_draft"), COMPLETE)
        with op.batch_alter_table("variants") as batch:
            batch.alter_column("price_minor", existing_type=sa.BigInteger(), nullable=True)
            batch.alter_column("weight_grams", existing_type=sa.Integer(), nullable=True)
    for (table, event), condition in GUARDS.items():
        _guard(table, event, condition)


def downgrade() -> None:
    """Drafts that lack something are removed: the older tables cannot hold them."""
    for table, event in GUARDS:
        _unguard(table, event)
    _remove_incomplete_drafts()
    with _tables_made_anew():
        with op.batch_alter_table("variants") as batch:
            batch.alter_column("price_minor", existing_type=sa.BigInteger(), nullable=False)
            batch.alter_column("weight_grams", existing_type=sa.Integer(), nullable=False)
        with op.batch_alter_table("products") as batch:
            batch.drop_constraint(op.f("ck_products_complete_beyond_draft"), type_="check")
            batch.alter_column("hs6", existing_type=sa.String(), nullable=False)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


@contextmanager
def _tables_made_anew() -> Iterator[None]:
    """Let SQLite replace tables that others point at: between transactions, keys unchecked."""
    if not _is_sqlite():
        yield
        return
    run = op.get_bind().exec_driver_sql
    run("COMMIT")
    run("PRAGMA foreign_keys=OFF")
    run("BEGIN IMMEDIATE")
    try:
        yield
        broken = run("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"rows point nowhere: {broken[:5]}")
        run("COMMIT")
    except BaseException:
        run("ROLLBACK")
        raise
    finally:
        run("PRAGMA foreign_keys=ON")
        run("BEGIN IMMEDIATE")


def _name(table: str, event: str) -> str:
    return f"{table}_complete_{event.split()[0]}"


def _guard(table: str, event: str, condition: str) -> None:
    run = op.get_bind().exec_driver_sql
    name = _name(table, event)
    if _is_sqlite():
        run(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN {condition} BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
        )
        return
    run(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition}"
        f" THEN RAISE integrity_constraint_violation USING MESSAGE = '{SENTENCE}'; END IF;"
        " RETURN NEW; END $$"
    )
    run(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def _unguard(table: str, event: str) -> None:
    name = _name(table, event)
    if _is_sqlite():
        op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute(f"DROP FUNCTION {name}() CASCADE")


def _remove_incomplete_drafts() -> None:
    drafts = (
        "SELECT id FROM products WHERE state = 'draft' AND (hs6 IS NULL OR category = '' OR EXISTS"
        f" (SELECT 1 FROM variants WHERE product_id = products.id AND {LACKING}))"
    )
    variants = f"SELECT id FROM variants WHERE product_id IN ({drafts})"
    run = op.get_bind().exec_driver_sql
    ids = [row[0] for row in run(drafts)]
    if not ids:
        return
    run(f"DELETE FROM stock_movements WHERE variant_id IN ({variants})")
    listed = ", ".join(map(str, ids))
    for table in ("variants", "photos", "certificates", "product_texts"):
        run(f"DELETE FROM {table} WHERE product_id IN ({listed})")
    run(f"DELETE FROM products WHERE id IN ({listed})")
