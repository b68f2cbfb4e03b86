"""The end of a month shows what open rupiah would cost, and the next month begins without it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import now
from marketplace.ledger.errors import LaterPeriodShut
from marketplace.ledger.models import LedgerEntry, PeriodState
from marketplace.ledger.operations import approve_period_change, propose_period_change
from marketplace.ledger.queries import balance, get_entry
from marketplace.ledger.queries.audits import run_checks
from marketplace.orders.operations import revalue_month
from marketplace.orders.queries.revaluation import find_revaluation
from marketplace.reference.errors import RateMissing, RateTooOld
from marketplace.reference.models import ExchangeRate
from marketplace.reference.operations import set_rate
from marketplace.reference.queries import rates
from tests.factories import a_posting
from tests.orders.payouts import pair
from tests.orders.world import a_paid_order, some_goods

pytestmark = pytest.mark.usefixtures("database")

OPEN, SOFT = PeriodState.OPEN, PeriodState.SOFT_CLOSED
APRIL, LAST, MAY = date(2026, 4, 1), date(2026, 4, 30), date(2026, 5, 1)
IN_APRIL = datetime(2026, 4, 18, 3, 0, tzinfo=UTC)
IN_MAY = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
LOSS, GAIN, TRADING = "expenses:fx:krw", "income:fx:krw", "equity:trading:idr-krw:krw"
STRICT = {"oldest_days": 3}


@pytest.fixture(autouse=True)
def sale(database):
    """An order of 100,000 won, paid in April at 11.80: Rp 1,085,600 for 92,000 won are owed."""
    return a_paid_order({some_goods(): 2}, at=IN_APRIL)


def the_month_ends_at(rate: str, *, on: date = LAST) -> None:
    for row in db.session.query(ExchangeRate).filter(ExchangeRate.day > IN_APRIL.date()):
        db.session.delete(row)
    set_rate("KRW", "IDR", on, Decimal(rate), source="test")


def change(month: date, state: PeriodState, *, at=IN_MAY) -> None:
    proposed = propose_period_change(month, state, by=1, at=at, reason="A late invoice")
    approve_period_change(proposed, by=2, at=at)


def booked(kind: str) -> list:
    rows = db.session.query(LedgerEntry).filter_by(kind=kind).order_by(LedgerEntry.effective_on)
    return [get_entry(row.id) for row in rows]


def test_a_loss_is_shown_at_the_end_and_gone_on_the_first():
    the_month_ends_at("11.60")
    before = pair()

    change(APRIL, SOFT)

    # 1,085,600 / 11.60 = 93,586.2 won, against 92,000.
    (entry,), (back,) = booked("revaluation"), booked("reversal")
    assert {line.code: line.amount for line in entry.postings} == {
        LOSS: won(1_586),
        TRADING: won(-1_586),
    }
    assert (entry.effective_on, back.effective_on, back.reverses_id) == (LAST, MAY, entry.id)
    assert (entry.proposed_by, entry.approved_by) == (1, 2)
    assert (balance(LOSS, LAST), balance(LOSS, MAY)) == (won(1_586), won(0))
    assert pair() == before == (won(-92_000), rupiah(1_085_600))


def test_a_gain_is_income():
    the_month_ends_at("12.00")

    change(APRIL, SOFT)

    assert balance(GAIN, LAST) == won(-1_533)
    assert balance(GAIN, MAY) == won(0)
    assert balance(LOSS, LAST) == won(0)


def test_the_rate_of_the_sale_leaves_nothing_to_book():
    the_month_ends_at("11.80")

    change(APRIL, SOFT)

    assert booked("revaluation") == []


def test_a_month_without_open_rupiah_needs_no_rate():
    db.session.query(ExchangeRate).delete()
    rates.forget()
    march = date(2026, 3, 31)
    a_posting({"assets:bank": won(1), "equity:opening": won(-1)}, effective_on=march)

    change(march.replace(day=1), SOFT)

    assert booked("revaluation") == []


def test_the_rate_may_be_three_days_old_and_no_older():
    the_month_ends_at("11.60", on=LAST - timedelta(days=4))
    with pytest.raises(RateTooOld):
        revalue_month(LAST, (1, 2), IN_MAY, **STRICT)
    assert booked("revaluation") == []

    the_month_ends_at("11.60", on=LAST - timedelta(days=3))
    revalue_month(LAST, (1, 2), IN_MAY, **STRICT)

    assert balance(LOSS, LAST) == won(1_586)


def test_without_a_rate_the_month_stays_open():
    db.session.query(ExchangeRate).delete()
    rates.forget()
    proposed = propose_period_change(APRIL, SOFT, by=1, at=IN_MAY)

    with pytest.raises(RateMissing), db.session.begin_nested():
        approve_period_change(proposed, by=2, at=IN_MAY)

    db.session.refresh(proposed)
    assert proposed.is_waiting
    assert booked("revaluation") == []


def test_a_month_that_was_opened_again_gets_the_difference():
    the_month_ends_at("11.60")
    change(APRIL, SOFT)
    change(APRIL, OPEN)
    change(APRIL, SOFT)
    assert len(booked("revaluation")) == 1
    change(APRIL, OPEN)
    the_month_ends_at("11.50")

    change(APRIL, SOFT)

    # 1,085,600 / 11.50 = 94,400 won.
    assert [entry.idem_key for entry in booked("revaluation")] == [
        "revaluation:2026-04:1",
        "revaluation:2026-04:2",
    ]
    assert (balance(LOSS, LAST), balance(LOSS, MAY)) == (won(2_400), won(0))


def test_the_next_month_counts_from_the_sale_again():
    the_month_ends_at("11.60")
    change(APRIL, SOFT)
    set_rate("KRW", "IDR", date(2026, 5, 29), Decimal("11.50"), source="test")

    found = find_revaluation(date(2026, 5, 31), **STRICT)

    assert (found.owed, found.book, found.lost) == (rupiah(1_085_600), won(92_000), won(2_400))


def test_a_next_month_that_takes_nothing_is_named():
    the_month_ends_at("11.60")
    set_rate("KRW", "IDR", date(2026, 5, 31), Decimal("11.80"), source="test")
    at = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)
    for month, state in ((APRIL, SOFT), (MAY, SOFT), (APRIL, OPEN)):
        change(month, state, at=at)

    with pytest.raises(LaterPeriodShut) as refused:
        change(APRIL, SOFT, at=at)

    assert refused.value.facts == {"month": "2026-05"}


def test_the_books_stay_whole():
    the_month_ends_at("11.60")

    change(APRIL, SOFT)

    assert [result for result in run_checks(now()) if result.count] == []
