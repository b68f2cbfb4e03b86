import pytest
from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.outbox import OutboxMessage
from marketplace.kernel.rows import insert_row, run, upsert
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("database")


def a_mail(key: str, locale: str = "ko") -> dict[str, object]:
    return {
        "key": key,
        "recipient": "a@example.com",
        "template": "paid",
        "locale": locale,
        "facts": {"n": 1},
        "created_at": NOON,
        "due_at": NOON,
    }


def test_what_the_session_has_not_written_yet_is_seen():
    db.session.add(OutboxMessage(**a_mail("pending")))

    assert run(select(func.count(OutboxMessage.id))).scalar() == 1


def test_a_written_row_is_known_to_the_session_with_its_id_and_defaults():
    mail = insert_row(OutboxMessage(**a_mail("one")))

    assert db.session.get(OutboxMessage, mail.id) is mail
    assert (mail.attempts, mail.sent_at, mail.created_at) == (0, None, NOON)
    mail.attempts = 2
    db.session.flush()
    assert db.session.query(OutboxMessage).filter_by(attempts=2).one() is mail


def test_a_row_is_written_again_while_somebody_holds_the_one_that_was_undone():
    savepoint = db.session.begin_nested()
    undone = insert_row(OutboxMessage(**a_mail("one")))
    savepoint.rollback()

    mail = insert_row(OutboxMessage(**a_mail("one", "id")))

    assert mail is not undone
    assert db.session.scalars(select(OutboxMessage)).all() == [mail]


def test_of_a_row_that_is_there_only_the_named_columns_change():
    upsert(OutboxMessage, [a_mail("one")], key=("key",), change=("locale",))

    rows = [a_mail("one", "id") | {"recipient": "b@example.com"}, a_mail("two", "en")]
    upsert(OutboxMessage, rows, key=("key",), change=("locale",))

    there = db.session.query(OutboxMessage).order_by("key")
    assert [(row.key, row.locale, row.recipient) for row in there] == [
        ("one", "id", "a@example.com"),
        ("two", "en", "a@example.com"),
    ]
