from datetime import date

import pytest
from sqlalchemy import event

from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.ledger.operations import post, reverse
from marketplace.ledger.queries import (
    Journal,
    account_lines,
    balance,
    count_entries,
    entry_id_of,
    entry_number,
    fund_balances,
    get_account,
    get_entry,
    list_accounts,
    list_entries,
    list_kinds,
    monthly_turnovers,
    neighbors,
    trial_balance,
    turnovers,
)
from tests.factories import NOON
from tests.ledger.drafts import TODAY, a_draft

pytestmark = pytest.mark.usefixtures("database")

MARCH = date(2026, 3, 31)


def a_sale(amount: int, *, on: date = TODAY, **more) -> int:
    share = amount // 10
    return post(
        a_draft(
            {
                "assets:stripe": won(amount),
                "liabilities:coop:gayo:held": won(share - amount),
                "funds:village:held": won(-share),
            },
            on=on,
            **more,
        )
    )


class Statements(list):
    """The statements sent while it is open."""

    def __enter__(self):
        event.listen(db.session.connection(), "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_):
        event.remove(db.session.connection(), "before_cursor_execute", self._note)

    def _note(self, connection, cursor, statement, *_):
        self.append(statement)


def test_the_journal_shows_the_newest_day_first():
    late = a_sale(1_000, on=TODAY)
    early = a_sale(2_000, on=MARCH)
    last = a_sale(3_000, on=TODAY)

    assert [entry.id for entry in list_entries(Journal())] == [*sorted([late, last])[::-1], early]
    assert [entry.id for entry in list_entries(Journal(), offset=2, limit=1)] == [early]
    assert count_entries(Journal()) == 3


def test_a_page_of_the_journal_takes_two_queries():
    for amount in (1_000, 2_000, 3_000):
        a_sale(amount)

    with Statements() as statements:
        page = list_entries(Journal(), limit=3)

    assert len(statements) == 2
    assert sorted(entry.turnover("KRW") for entry in page) == [won(1_000), won(2_000), won(3_000)]


@pytest.mark.parametrize(
    ("journal", "found"),
    [
        (Journal(), {1_000, 2_000, 3_000}),
        (Journal(kind="sale"), {1_000, 2_000}),
        (Journal(path="assets"), {1_000, 2_000, 3_000}),
        (Journal(path="assets:stripe:krw"), {1_000, 2_000}),
        (Journal(path="liabilities:coop"), {1_000, 2_000}),
        (Journal(path="liabilities:co"), set()),
        (Journal(text="L-17"), {2_000}),
        (Journal(text="bank of"), {3_000}),
        (Journal(text="%"), set()),
        (Journal(since=TODAY), {2_000, 3_000}),
        (Journal(until=MARCH), {1_000}),
        (Journal(kind="sale", since=TODAY), {2_000}),
    ],
)
def test_the_journal_is_filtered(journal, found):
    a_sale(1_000, on=MARCH)
    a_sale(2_000, ref_kind="order", ref_id="L-170")
    post(
        a_draft(
            {"assets:bank": won(3_000), "equity:opening": won(-3_000)},
            kind="opening",
            memo="Bank of Korea, opening",
        )
    )

    entries = list_entries(journal)

    assert {entry.turnover("KRW").minor for entry in entries} == found
    assert count_entries(journal) == len(found)


def test_an_entry_is_found_by_the_number_people_read():
    entry = get_entry(a_sale(1_000))

    assert entry_id_of(entry.number.lower()) == entry.id
    assert [found.id for found in list_entries(Journal(text=entry.number))] == [entry.id]


@pytest.mark.parametrize(
    "text", ["", "J-", "L-260418-7K4M2", "J-UUUUU-UUUU-UUUU", "J-ZZZZZ-ZZZZ-ZZZZ"]
)
def test_other_texts_are_no_entry_number(text):
    assert entry_id_of(text) is None


def test_numbers_stand_for_ids_of_63_bits():
    assert entry_number(0) == "J-00000-0000-0000"
    assert entry_id_of(entry_number(2**63 - 1)) == 2**63 - 1


def test_an_entry_knows_its_kin():
    sale = a_sale(1_000, ref_kind="order", ref_id="L-1")
    fee = post(
        a_draft(
            {"expenses:stripe-fee": won(36), "assets:stripe": won(-36)},
            ref_kind="order",
            ref_id="L-1",
        )
    )
    a_sale(5_000, ref_kind="order", ref_id="L-2")
    undone = reverse(sale, occurred_at=NOON, effective_on=TODAY, memo="Counted twice")

    around_sale = neighbors(get_entry(sale))
    around_reversal = neighbors(get_entry(undone))

    assert get_entry(sale).reversed_by_id == undone
    assert around_sale.reverses is None
    assert around_sale.reversed_by == get_entry(undone)
    assert {entry.id for entry in around_sale.about} == {fee, undone}
    assert around_reversal.reverses == get_entry(sale)
    assert around_reversal.reversed_by is None
    assert {entry.id for entry in around_reversal.about} == {sale, fee}


def test_an_entry_about_nothing_else_is_kin_of_its_reversal():
    fee = post(a_draft({"expenses:bank-fee": won(36), "assets:bank": won(-36)}))
    post(a_draft({"expenses:bank-fee": won(40), "assets:bank": won(-40)}))
    undone = reverse(fee, occurred_at=NOON, effective_on=TODAY, memo="Counted twice")

    assert neighbors(get_entry(fee)).about == (get_entry(undone),)
    assert neighbors(get_entry(undone)).about == (get_entry(fee),)


def test_an_account_runs_from_line_to_line():
    a_sale(1_000, on=MARCH)
    a_sale(2_000)
    a_sale(4_000, on=date(2026, 4, 19))
    account = get_account("assets:stripe:krw")

    newest = account_lines(account, limit=2)
    oldest = account_lines(account, offset=2, limit=2)

    assert (newest.count, newest.opening, newest.closing) == (3, won(1_000), won(7_000))
    assert [line.running for line in newest.lines] == [won(7_000), won(3_000)]
    assert [line.debit for line in newest.lines] == [won(4_000), won(2_000)]
    assert (oldest.opening, oldest.closing) == (won(0), won(1_000))
    assert [line.effective_on for line in oldest.lines] == [MARCH]


def test_accounts_are_listed_with_their_balances():
    a_sale(1_000, on=MARCH)
    a_sale(2_000)

    assert [(row.account.code, row.balance, row.natural) for row in list_accounts()] == [
        ("assets:stripe:krw", won(3_000), won(3_000)),
        ("funds:village:held:krw", won(-300), won(300)),
        ("liabilities:coop:gayo:held:krw", won(-2_700), won(2_700)),
    ]
    assert [row.natural for row in list_accounts("liabilities:coop", on=MARCH)] == [won(900)]
    assert [(row.account.path, row.natural) for row in fund_balances()] == [
        ("funds:village:held", won(300))
    ]


def test_the_trial_balance_has_no_difference():
    a_sale(1_000, on=MARCH)
    post(
        a_draft(
            {
                "equity:trading:idr-krw": won(-900),
                "liabilities:coop:gayo:held": won(900),
            }
        )
    )
    post(
        a_draft(
            {
                "liabilities:coop:gayo:payable": rupiah(-10_000),
                "assets:payout-transit": rupiah(10_000),
            }
        )
    )

    trial = trial_balance(TODAY)
    before = trial_balance(MARCH)

    assert trial.currencies == ("IDR", "KRW")
    assert trial.columns("KRW").debit == trial.columns("KRW").credit == won(1_000)
    assert trial.columns("IDR").balance == rupiah(0)
    assert [row.account.path for row in trial.rows_in("KRW")] == [
        "assets:stripe",
        "equity:trading:idr-krw",
        "funds:village:held",
    ]
    assert before.currencies == ("KRW",)
    assert trial_balance(date(2025, 1, 1)).rows == ()


def test_turnovers_cover_everything_under_a_path():
    a_sale(1_000, on=MARCH)
    a_sale(2_000)
    post(
        a_draft(
            {"funds:village:held": won(300), "funds:village:programs": won(-300)}, kind="release"
        )
    )

    sums = turnovers(["funds", "funds:village:held", "income"], "KRW")

    assert (sums["funds"].debit, sums["funds"].credit) == (won(300), won(600))
    assert sums["funds:village:held"].credit_balance == won(0)
    assert sums["income"].balance == won(0)
    assert turnovers(["funds"], "KRW", kinds=["sale"])["funds"].credit == won(300)
    assert turnovers(["funds"], "KRW", until=MARCH)["funds"].credit == won(100)
    assert turnovers(["funds"], "IDR")["funds"].credit == rupiah(0)


def test_twelve_months_end_with_the_month_asked_for():
    a_sale(500, on=date(2025, 4, 30))
    a_sale(1_000, on=MARCH)
    a_sale(2_000)

    months = monthly_turnovers("funds:village:held:krw", "KRW", until=TODAY)

    assert [month.starts_on for month in months][:2] == [date(2025, 5, 1), date(2025, 6, 1)]
    assert [month.credit for month in months] == [won(0)] * 10 + [won(100), won(200)]


def test_kinds_are_listed_once():
    a_sale(1_000)
    a_sale(2_000)
    post(a_draft({"assets:bank": won(3), "equity:opening": won(-3)}, kind="opening"))

    assert list_kinds() == ["opening", "sale"]


def test_an_account_never_used_stands_at_zero():
    assert balance("funds:village:youth:krw") == won(0)
