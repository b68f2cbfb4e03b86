"""search index

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
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
    op.execute("INSERT INTO catalog_version (id, number) VALUES (1, 1)")


def downgrade() -> None:
    op.execute("DELETE FROM catalog_version")
    op.execute("DROP TABLE product_search")
