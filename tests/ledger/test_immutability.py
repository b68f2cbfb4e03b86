"""Nobody changes what is booked, not even with raw SQL."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.models import LedgerAccount, LedgerPeriod, PeriodState
from marketplace.ledger.operations import post, reverse, set_policy
from tests.factories import NOON, saved
from tests.ledger.drafts import TODAY, a_draft

pytestmark = pytest.mark.usefixtures("database")

ENTRY_COLUMNS = (
    "id, kind, idem_key, request_sha256, effective_on, occurred_at, posted_at, line_count, memo,"
    " ref_kind, ref_id, reverses_id, policy_id, proposed_by, approved_by"
)
POSTING_COLUMNS = "entry_id, line_no, line_count, account_id, currency, amount"


@pytest.fixture
def entry_id(database) -> int:
    booked = post(
        a_draft(
            {"assets:stripe": won(1_000), "liabilities:shipping": won(-1_000)},
            key="order_paid:pi_1",
        )
    )
    settle(db.session.connection())
    return booked


def books() -> list[tuple]:
    """Everything that is written, to the byte."""
    return [
        tuple(row)
        for statement in (
            f"SELECT {ENTRY_COLUMNS} FROM ledger_entries ORDER BY id",
            f"SELECT {POSTING_COLUMNS} FROM ledger_postings ORDER BY entry_id, line_no",
            "SELECT id, code, account_class, currency, may_overdraw FROM ledger_accounts"
            " ORDER BY id",
            "SELECT id, scope, valid_from FROM split_policies ORDER BY id",
        )
        for row in db.session.execute(sa.text(statement))
    ]


def refuse(statement: str, **values: object) -> str:
    """Send `statement`; it must fail at once or when the transaction would end."""
    before = books()
    connection = db.session.connection()
    with pytest.raises(IntegrityError) as refused:
        attempt(connection, statement, values)
    assert books() == before
    return str(refused.value.orig)


def attempt(connection: sa.Connection, statement: str, values: dict[str, object]) -> None:
    with connection.begin_nested():
        connection.execute(sa.text(statement), values)
        settle(connection)


def settle(connection: sa.Connection) -> None:
    """Check now what the database would check at commit."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise IntegrityError("commit", None, Exception(f"foreign key: {broken}"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET memo = 'other'",
        "UPDATE ledger_entries SET line_count = 3",
        "UPDATE ledger_entries SET approved_by = 1",
        "DELETE FROM ledger_entries",
        "UPDATE ledger_postings SET amount = amount * 2",
        "UPDATE ledger_postings SET line_count = 3",
        "DELETE FROM ledger_postings",
        "UPDATE ledger_accounts SET currency = 'USD'",
        "UPDATE ledger_accounts SET may_overdraw = NOT may_overdraw",
        "DELETE FROM ledger_accounts",
    ],
)
def test_nothing_booked_is_changed_or_removed(entry_id, statement):
    assert "ledger: " in refuse(statement)


def test_an_account_may_be_closed(entry_id):
    db.session.execute(sa.update(LedgerAccount).values(closed_on=TODAY))

    assert {account.closed_on for account in db.session.query(LedgerAccount)} == {TODAY}


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_postings", "split_policies"])
def test_tables_are_not_emptied(entry_id, engine_name, table):
    emptying = {"postgresql": f"TRUNCATE {table} CASCADE", "sqlite": f"DELETE FROM {table}"}
    set_policy("sale", {"cooperative": 10_000}, valid_from=NOON)

    assert "only grow" in refuse(emptying[engine_name])


@pytest.mark.parametrize(
    ("line_no", "line_count"), [(1, 2), (3, 2), (3, 3)], ids=["taken", "outside", "another house"]
)
def test_no_line_joins_an_entry_later(entry_id, line_no, line_count):
    refuse(
        f"INSERT INTO ledger_postings ({POSTING_COLUMNS})"
        " SELECT entry_id, :line_no, :line_count, account_id, currency, amount"
        " FROM ledger_postings WHERE entry_id = :entry_id AND line_no = 1",
        entry_id=entry_id,
        line_no=line_no,
        line_count=line_count,
    )


def test_an_upsert_changes_nothing(entry_id):
    refuse(
        f"INSERT INTO ledger_postings ({POSTING_COLUMNS})"
        f" SELECT {POSTING_COLUMNS} FROM ledger_postings WHERE line_no = 1"
        " ON CONFLICT (entry_id, line_no) DO UPDATE SET amount = 5"
    )
    refuse(
        f"INSERT INTO ledger_entries ({ENTRY_COLUMNS})"
        f" SELECT {ENTRY_COLUMNS} FROM ledger_entries WHERE true"
        " ON CONFLICT (idem_key) DO UPDATE SET memo = 'other'"
    )


HEADER_LIKE = (
    "INSERT OR REPLACE INTO ledger_entries (" + ENTRY_COLUMNS + ") SELECT {id}, kind, {key},"
    " request_sha256, effective_on, occurred_at, posted_at, line_count, 'other', ref_kind, ref_id,"
    " {reverses}, policy_id, proposed_by, approved_by FROM ledger_entries WHERE id = :id"
)


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        HEADER_LIKE.format(id="id", key="idem_key", reverses="NULL"),
        HEADER_LIKE.format(id="id + 1", key="idem_key", reverses="NULL"),
        HEADER_LIKE.format(id="id", key="'other'", reverses="NULL"),
        "INSERT OR REPLACE INTO ledger_postings (" + POSTING_COLUMNS + ") SELECT entry_id, line_no,"
        " line_count, account_id, currency, 5 FROM ledger_postings WHERE entry_id = :id",
        "UPDATE OR REPLACE ledger_postings SET line_no = 1 WHERE entry_id = :id",
        "INSERT OR REPLACE INTO ledger_accounts (id, code, account_class, currency, is_restricted,"
        " may_overdraw, opened_on) SELECT id, 'assets:x:krw', 'A', 'KRW', 0, 1, opened_on"
        " FROM ledger_accounts WHERE :id > 0",
    ],
    ids=["header", "same key", "same id", "posting", "update", "account"],
)
def test_replacing_evicts_nothing_whatever_the_pragmas(entry_id, engine_name, statement, recursive):
    if engine_name == "postgresql":
        assert "syntax" in syntax_error(statement)
        return
    db.session.connection().exec_driver_sql(f"PRAGMA recursive_triggers={recursive}")
    try:
        assert "ledger: " in refuse(statement, id=entry_id)
    finally:
        db.session.connection().exec_driver_sql("PRAGMA recursive_triggers=ON")


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_a_second_reversal_evicts_nothing(entry_id, engine_name, recursive):
    reverse(entry_id, occurred_at=NOON, effective_on=TODAY, memo="Counted twice")
    how = "INSERT"
    if engine_name == "sqlite":
        how = "INSERT OR REPLACE"
        db.session.connection().exec_driver_sql(f"PRAGMA recursive_triggers={recursive}")
    before = books()

    with pytest.raises(IntegrityError) as refused:
        insert_raw([5, -5], how=how, reverses_id=entry_id)
    if engine_name == "sqlite":
        db.session.connection().exec_driver_sql("PRAGMA recursive_triggers=ON")

    assert "revers" in str(refused.value.orig)
    assert books() == before


def syntax_error(statement: str) -> str:
    connection = db.session.connection()
    with pytest.raises(sa.exc.ProgrammingError) as refused, connection.begin_nested():
        connection.execute(sa.text(statement), {"id": 1})
    return str(refused.value.orig)


def a_header(**changes: object) -> dict[str, object]:
    row = {
        "id": 77,
        "kind": "sale",
        "idem_key": "raw",
        "request_sha256": "",
        "effective_on": TODAY,
        "occurred_at": NOON,
        "posted_at": NOON,
        "line_count": 2,
        "memo": "",
    }
    return row | changes


def insert_raw(lines: list[int], *, how: str = "INSERT", **header: object) -> None:
    """Write an entry past `post`, one line per amount."""
    tables = db.metadata.tables
    account_id = db.session.scalar(sa.text("SELECT min(id) FROM ledger_accounts"))
    connection = db.session.connection()
    with connection.begin_nested():
        connection.execute(
            sa.insert(tables["ledger_postings"]),
            [
                {
                    "entry_id": 77,
                    "line_no": number,
                    "line_count": len(lines),
                    "account_id": account_id,
                    "currency": "KRW",
                    "amount": amount,
                }
                for number, amount in enumerate(lines, start=1)
            ],
        )
        header_insert = sa.insert(tables["ledger_entries"]).prefix_with(how.removeprefix("INSERT"))
        connection.execute(header_insert, a_header(**header))
        settle(connection)


def test_past_post_a_whole_entry_is_accepted(entry_id):
    insert_raw([5, -5])


@pytest.mark.parametrize(
    ("lines", "header", "said"),
    [
        ([5, -4], {}, "does not balance"),
        ([5, -5, 3, -3], {}, "lines are missing"),
        ([5, -5], {"line_count": 3}, "lines are missing"),
        ([5, -5], {"id": 78}, "lines are missing"),
        ([5], {"line_count": 1}, "does not balance"),
        ([5, -5], {"idem_key": "order_paid:pi_1"}, ""),
        ([5, -5], {"proposed_by": 3, "approved_by": 3}, "four_eyes"),
        ([0, 0], {}, "not_zero"),
    ],
)
def test_past_post_the_tables_keep_the_rules(entry_id, lines, header, said):
    before = books()

    with pytest.raises(IntegrityError) as refused:
        insert_raw(lines, **header)

    assert said in str(refused.value.orig)
    assert books() == before


def test_a_line_carries_the_currency_of_its_account(entry_id):
    refuse(
        f"INSERT INTO ledger_postings ({POSTING_COLUMNS})"
        " SELECT 78, 1, 2, id, 'IDR', 5 FROM ledger_accounts WHERE code = 'assets:stripe:krw'"
    )


def test_lines_without_a_header_cannot_stay(entry_id):
    refuse(
        f"INSERT INTO ledger_postings ({POSTING_COLUMNS})"
        " SELECT 78, 1, 2, id, currency, 5 FROM ledger_accounts WHERE code = 'assets:stripe:krw'"
    )


def test_a_policy_is_followed_by_another_never_edited():
    set_policy("sale", {"cooperative": 10_000}, valid_from=NOON)

    refuse("UPDATE split_policies SET scope = 'share'")
    refuse("DELETE FROM split_policies")


def test_a_closed_period_stays_closed():
    saved(
        LedgerPeriod(
            starts_on=TODAY.replace(day=1), ends_on=TODAY.replace(day=30), state=PeriodState.CLOSED
        )
    )

    refuse("UPDATE ledger_periods SET state = 'open'")
    refuse("DELETE FROM ledger_periods")
