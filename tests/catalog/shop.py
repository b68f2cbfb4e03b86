"""The world around the shop's pages: today's rates, the division of a price, rules of customs."""

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import event

from marketplace.customs.operations import import_rules
from marketplace.kernel.db import db
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.operations import set_policy
from marketplace.reference.models import Carrier, ExchangeRate
from tests.factories import saved

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SALE = {"cooperative": 9200, "service": 500, "village_share": 300}
SHARE = {"programs": 7000, "training": 1500, "youth": 1000, "reserve": 500}


def a_shop(*, krw_idr: str = "11.50") -> None:
    """Rates of today, division and customs rules; goods are up to the test."""
    for base, quote, rate in (("KRW", "IDR", krw_idr), ("USD", "KRW", "1400")):
        day = today_in_seoul(now())
        saved(ExchangeRate(day=day, base=base, quote=quote, rate=Decimal(rate), source="test"))
    set_policy("sale", SALE, valid_from=LONG_AGO)
    set_policy("share", SHARE, valid_from=LONG_AGO)
    for code in ("pos-ems", "cj", "koreapost"):
        if db.session.get(Carrier, code) is None:
            saved(Carrier(code=code, name=code, tracking_url="https://example.com/{number}"))
    import_rules()


def sign_in(client, user) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = str(user.id)
        session["_fresh"] = True


@contextmanager
def counted():
    """The SQL statements that the block sends."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    engine = db.session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
