"""Seals of the books, day by day, beside the journal."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import SEOUL, now, today_in_seoul
from marketplace.ledger.models import LedgerHead
from marketplace.ledger.queries.daily_seals import list_daily_seals
from tests.factories import a_fund_of
from tests.ledger.tampering import tampering
from tests.openbook.conftest import LATER, seal_with

PLACE = "/en/admin/ledger/seals/"


@pytest.fixture
def text():
    def read(response):
        page = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", page)

    return read


@pytest.fixture
def days(app, world):
    """Seals of three days: two of the first, one of the next, one a month later, in Seoul."""
    heads = []
    for _ in range(4):
        a_fund_of(won(10))
        heads.append(seal_with(app))
    found = [head.size for head in heads]
    evening = LATER.astimezone(SEOUL).replace(hour=22)
    with tampering():
        db.session.execute(sa.delete(LedgerHead).where(LedgerHead.size < found[0]))
        for head, hours in zip(heads, (0, 1, 24, 24 * 31), strict=True):
            head.signed_at = evening + timedelta(hours=hours)
    db.session.expire_all()
    return found


def test_each_day_is_told_by_its_last_seal(days):
    start = LATER.astimezone(SEOUL).date()

    rows = list_daily_seals(start, start + timedelta(days=31))

    assert [(row.size, row.added) for row in rows] == [
        (days[3], 1),
        (days[2], 1),
        (days[1], days[1]),
    ]
    assert [row.day - start for row in rows] == [timedelta(31), timedelta(1), timedelta(0)]
    assert rows[0].root == db.session.get(LedgerHead, days[3]).root.hex()


def test_days_before_sealing_began_are_not_there(days):
    assert list_daily_seals(date(2020, 1, 1), date(2020, 1, 31)) == []


def test_the_page_is_a_tab_of_the_ledger_and_leads_to_the_signed_head(reader, app, world, text):
    head = seal_with(app) or db.session.query(LedgerHead).order_by(LedgerHead.size.desc()).first()
    with tampering():
        head.signed_at = now()
    db.session.expire_all()

    page = reader.get(PLACE)

    assert f'href="{PLACE}" aria-current="page"' in page.text
    assert f'href="{PLACE}"' in reader.get("/en/admin/ledger/").text
    assert f"/ledger/checkpoint/{head.size}" in page.text
    assert "Compared with the books never" in text(page)


def test_months_lead_to_each_other_and_no_further_than_there_are_seals(reader, days, text):
    first = f"{LATER.astimezone(SEOUL):%Y-%m}"
    today = f"{today_in_seoul(now()):%Y-%m}"

    oldest, newest = reader.get(f"{PLACE}?month={first}"), reader.get(f"{PLACE}?month={today}")

    assert 'rel="prev"' not in oldest.text
    assert 'rel="next"' in oldest.text
    assert 'rel="prev"' in newest.text
    assert 'rel="next"' not in newest.text
    assert "Nothing was sealed in this month" in text(newest)


@pytest.mark.parametrize("month", ["2026-13", "x", "0000-01"])
def test_a_month_that_is_none_is_not_found(reader, world, month):
    assert reader.get(f"{PLACE}?month={month}").status_code == 404


def test_the_journal_offers_its_file_and_the_trial_balance_at_its_head(reader, world):
    page = reader.get("/en/admin/ledger/?kind=sale").text.partition("<h1>")[2].partition("<dl")[0]

    assert "download.csv?kind=sale" in page
    assert "/en/admin/ledger/trial-balance" in page
