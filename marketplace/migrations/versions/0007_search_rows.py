"""search rows: what ranking and counting need stands apart from the text

The index is empty afterwards: `flask search rebuild` writes it anew.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW = (
    "traits text NOT NULL, price_minor bigint NOT NULL, published_at bigint NOT NULL,"
    " title text NOT NULL"
)


def upgrade() -> None:
    op.execute("DROP TABLE product_search")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TABLE product_search (product_id integer PRIMARY KEY, {ROW})")
        op.execute(
            "CREATE VIRTUAL TABLE product_search_terms USING fts5(terms, detail = none,"
            " columnsize = 0, tokenize = \"ascii tokenchars ':-'\")"
        )
    else:
        op.execute(
            "CREATE TABLE product_search ("
            " product_id integer PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,"
            f" {ROW}, document tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_product_search_document ON product_search USING gin (document)")
    op.create_table(
        "product_search_spelling",
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("letters", sa.SmallInteger(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("part", "letters", "word", name="pk_product_search_spelling"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("product_search_spelling")
    op.execute("DROP TABLE product_search")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE product_search_terms")
        op.execute(
            "CREATE VIRTUAL TABLE product_search USING fts5(name, words, tags, facts UNINDEXED,"
            " tokenize = \"unicode61 remove_diacritics 0 tokenchars ':-'\")"
        )
    else:
        op.execute(
            "CREATE TABLE product_search ("
            " product_id integer PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,"
            " document tsvector NOT NULL, facts text NOT NULL)"
        )
        op.execute("CREATE INDEX ix_product_search_document ON product_search USING gin (document)")
