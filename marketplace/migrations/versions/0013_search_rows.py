"""search rows: what ranking and counting need stands apart from the text

What is indexed is carried over; `flask search rebuild` writes it anew and a little sharper.

Revision ID: 0013
Revises: 0012
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ERA, AGE = 4096, 16 * 4096
ROW = (
    "traits text NOT NULL, price_minor bigint NOT NULL, published_at bigint NOT NULL,"
    " title text NOT NULL"
)
OLD_ON_SQLITE = "SELECT rowid, name, name || ' ' || words || ' ' || tags, facts FROM product_search"
OLD_ON_POSTGRESQL = (
    "SELECT product_id, (SELECT string_agg(lexeme, ' ' ORDER BY place)"
    " FROM unnest(document), unnest(positions, weights) AS stands (place, weight)"
    " WHERE weight = 'A'), array_to_string(tsvector_to_array(document), ' '), facts"
    " FROM product_search"
)
COLUMNS = "(product_id, traits, price_minor, published_at, title"
VALUES = "(:product_id, :traits, :price_minor, :published_at, :title"


def upgrade() -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    old = connection.execute(sa.text(OLD_ON_SQLITE if is_sqlite else OLD_ON_POSTGRESQL)).all()
    op.execute("DROP TABLE product_search")
    if is_sqlite:
        op.execute(f"CREATE TABLE product_search (product_id integer PRIMARY KEY, {ROW})")
        op.execute(
            "CREATE VIRTUAL TABLE product_search_terms USING fts5(terms, detail = none,"
            " columnsize = 0, tokenize = \"ascii tokenchars ':-'\")"
        )
        inserts = [
            f"INSERT INTO product_search {COLUMNS}) VALUES {VALUES})",
            "INSERT INTO product_search_terms (rowid, terms) VALUES (:product_id, :terms)",
        ]
    else:
        op.execute(
            "CREATE TABLE product_search ("
            " product_id integer PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,"
            f" {ROW}, document tsvector NOT NULL, padding text DEFAULT repeat(' ', 2048))"
            " WITH (toast_tuple_target = 768)"
        )
        # Hits are read by the thousand, their documents never: those lie outside of the rows.
        # PostgreSQL only looks for something to move out of rows over 2 KB; the padding makes
        # every row look so, and is then compressed to a few bytes.
        op.execute("ALTER TABLE product_search ALTER document SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE product_search ALTER title SET STORAGE MAIN")
        op.execute("CREATE INDEX ix_product_search_document ON product_search USING gin (document)")
        inserts = [
            f"INSERT INTO product_search {COLUMNS}, document) VALUES {VALUES},"
            " array_to_tsvector(string_to_array(:terms, ' ')))"
        ]
    op.create_table(
        "product_search_spelling",
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("letters", sa.SmallInteger(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("part", "letters", "word", name="pk_product_search_spelling"),
        sqlite_with_rowid=False,
    )
    if old:
        rows = [_row(*row) for row in old]
        for insert in inserts:
            connection.execute(sa.text(insert), rows)
    words = connection.scalars(sa.text("SELECT word FROM search_words")).all()
    if words:
        connection.execute(
            sa.text("INSERT INTO product_search_spelling VALUES (:part, :letters, :word)"),
            [part for word in words for part in _parts(word)],
        )


def _row(product_id: int, name: str | None, terms: str, facts: str) -> dict[str, object]:
    category, province, island, certificates, minor, currency, available, at = facts.split("|")
    return {
        "product_id": product_id,
        "traits": "|".join((category, province, island, certificates, currency, available)),
        "price_minor": int(minor),
        "published_at": int(at),
        "title": f" {name or ''} ",
        "terms": f"{terms} era:{product_id // ERA} age:{product_id // AGE}",
    }


def _parts(word: str) -> list[dict[str, object]]:
    letters = unicodedata.normalize("NFD", word)
    padded = f"  {letters} "
    parts = {padded[place : place + 3] for place in range(len(padded) - 2)}
    return [{"part": part, "letters": len(letters), "word": word} for part in parts]


def downgrade() -> None:
    """The index is empty afterwards."""
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
