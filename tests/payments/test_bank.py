"""Statements of banks: read once, refused whole, each line matched to one of ours."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from marketplace.accounts.models import Role
from marketplace.kernel.config import ConfigError, read_config
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.operations import post
from marketplace.ledger.queries import balance
from marketplace.orders.models import Payout, PayoutState
from marketplace.payments import recon_postings
from marketplace.payments.bank import import_statements
from marketplace.payments.errors import (
    NotAStatement,
    StatementCurrency,
    StatementDoesNotAddUp,
    StatementEmpty,
    StatementOfOthers,
    StatementUnreadable,
)
from marketplace.payments.models import BankLine, BankStatement, ReconMatch
from marketplace.payments.recon_queries import (
    count_unmatched_bank_lines,
    expected_openings,
    list_ages,
    list_payouts_on_the_way,
    list_unmatched_bank_lines,
)
from tests.conftest import ROOT
from tests.factories import a_posting, a_user
from tests.orders.payouts import a_released_order, sent, settled
from tests.orders.test_pages import sign_in
from tests.payments.statements import TRUST, a_camt, a_csv, today
from tests.reinvestment import world as village

pytestmark = pytest.mark.usefixtures("database")

HERE = "/en/admin/reconciliation"
FEE = (-3_000, "FT-FEE", "Account fee")


@pytest.fixture
def admin(database):
    return a_user("Admin", roles=(Role.ADMIN,), locale="en")


@pytest.fixture
def take(app, admin):
    def run(body):
        accounts = app.config["LUMBUNG"].bank_accounts
        return import_statements(body, "statement", accounts=accounts, by=admin.id, at=now())

    return run


def count_of(model):
    return db.session.query(model).count()


@pytest.mark.parametrize("write", [a_csv, a_camt])
def test_a_statement_is_read_with_its_lines(take, write):
    (statement,) = take(write((50_000, "FT-1", "Kim"), FEE))

    assert (statement.opening_minor, statement.closing_minor) == (1_000_000, 1_047_000)
    assert (statement.line_count, statement.new_count) == (2, 2)
    assert [(line.minor, line.reference, line.path) for line in db.session.query(BankLine)] == [
        (50_000, "FT-1", "assets:bank"),
        (-3_000, "FT-FEE", "assets:bank"),
    ]


@pytest.mark.parametrize("write", [a_csv, a_camt])
def test_the_same_statement_twice_adds_nothing(take, write):
    body = write((50_000, "FT-1", "Kim"), (50_000, "FT-1", "Kim"), FEE)
    take(body)

    (again,) = take(body)

    assert again.new_count == 0
    assert count_of(BankLine) == 3


def test_both_forms_of_one_statement_are_the_same_lines(take):
    take(a_csv(FEE))

    (again,) = take(a_camt(FEE))

    assert again.new_count == 0


def test_the_newest_line_may_come_first(take):
    header, first, second = a_csv((50_000, "FT-1", "Kim"), FEE).split(b"\n")

    (statement,) = take(b"\n".join([header, second, first]))

    assert (statement.opening_minor, statement.closing_minor) == (1_000_000, 1_047_000)


BOMB = "<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", NotAStatement),
        (b"\x89PNG\r\n\x1a\n\x00", NotAStatement),
        (b"date,amount\n2026-01-01,5\n", NotAStatement),
        (b"<html></html>", NotAStatement),
        (b"<Document>", NotAStatement),
        (a_camt(FEE, head=BOMB), NotAStatement),
        (a_csv(), StatementEmpty),
        (a_camt(), StatementEmpty),
        (a_csv(FEE, account="999999999999"), StatementOfOthers),
        (a_camt(FEE, account="999999999999"), StatementOfOthers),
        (a_csv(FEE, currency="USD"), StatementCurrency),
        (a_camt(FEE, currency="USD"), StatementCurrency),
        (a_csv((50_000, "FT-1", "Kim"), FEE, off=1), StatementDoesNotAddUp),
        (a_camt(FEE, closing=5), StatementDoesNotAddUp),
        (a_csv((0, "FT-0", "Interest")), StatementEmpty),
        (a_csv(FEE).replace(b"-3000,", b"-3000.5,"), StatementUnreadable),
        (a_csv(FEE).replace(b"-3000,", b"lots,"), StatementUnreadable),
        (a_csv(FEE).replace(b",-3000,", b",NaN,"), StatementUnreadable),
        (a_csv(FEE, currency="XXX"), StatementUnreadable),
    ],
)
def test_what_is_no_statement_of_ours_is_refused_and_nothing_is_written(take, body, error):
    entries = count_of(LedgerEntry)

    with pytest.raises(error):
        take(body)
    assert (count_of(BankStatement), count_of(BankLine), count_of(LedgerEntry)) == (0, 0, entries)


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_a_line_of_tomorrow_is_refused_by_its_row_and_day(client, admin, language):
    sign_in(client, admin)
    tomorrow = today() + timedelta(days=1)
    past, future = a_csv((50_000, "FT-1", "Kim")), a_csv(FEE, opening=1_050_000, on=tomorrow)
    file = {"file": (io.BytesIO(past + b"\n" + future.split(b"\n")[1]), "x.csv")}

    answer = client.post(f"/{language}/admin/reconciliation/statements", data=file)

    assert answer.status_code == 422
    row, day = {
        "en": ("Row 3", "{0.day} "),
        "ko": ("3번째", "{0.year}년"),
        "id": ("Baris 3", "{0.day} "),
    }[language]
    said = answer.text.partition('id="file-error-1"')[2]
    assert row in said
    assert day.format(tomorrow) in said
    assert "Account fee" in said
    assert (count_of(BankStatement), count_of(BankLine)) == (0, 0)


@pytest.mark.parametrize("write", [a_csv, a_camt])
def test_a_line_over_nothing_is_left_out(take, write):
    (statement,) = take(write((50_000, "FT-1", "Kim"), (0, "FT-0", "Interest"), FEE))

    assert (statement.closing_minor, statement.line_count, statement.new_count) == (1_047_000, 2, 2)
    assert {line.minor for line in db.session.query(BankLine)} == {50_000, -3_000}


@pytest.mark.parametrize(
    ("opening", "begins", "warns"),
    [
        (1_050_000, 0, False),
        (1_051_000, 0, True),
        (1_051_000, -2, False),  # begins on the last day of the other
    ],
)
@pytest.mark.parametrize(
    ("language", "words"), [("en", "missing"), ("ko", "빠진"), ("id", "hilang")]
)
def test_a_statement_that_does_not_continue_is_read_with_a_warning(
    client, admin, take, opening, begins, warns, language, words
):
    sign_in(client, admin)
    take(a_csv((50_000, "FT-1", "Kim"), on=today() - timedelta(days=2)))
    body = a_csv(FEE, opening=opening, on=today() + timedelta(days=begins))
    file = {"file": (io.BytesIO(body), "x.csv")}
    here = f"/{language}/admin/reconciliation"

    assert client.post(f"{here}/statements", data=file).status_code == 302
    said = client.get(f"{here}/").text.partition("flash is-wait")[2].partition("</div>")[0]
    assert (words in said) == warns
    for amount in ("1,050,000", "1,051,000"):
        assert (amount in said.replace(".", ",")) == warns


def test_lines_between_two_statements_that_were_read_since_close_the_gap(take):
    def a_day(ago, opening, reference):
        on = today() - timedelta(days=ago)
        return take(a_csv((1_000, reference, "Kim"), opening=opening, on=on))[0]

    a_day(9, 1_000_000, "FT-1")
    late = a_day(3, 1_002_000, "FT-3")
    assert expected_openings([late]) == {late.id: won(1_001_000)}
    middle = a_day(6, 1_001_000, "FT-2")

    assert expected_openings([late, middle]) == {
        late.id: won(1_002_000),
        middle.id: won(1_001_000),
    }


def test_a_gap_stays_beside_its_statement_until_the_missing_one_is_read(client, admin, take):
    sign_in(client, admin)

    def a_day(ago, opening, reference):
        on = today() - timedelta(days=ago)
        take(a_csv((1_000, reference, "Kim"), opening=opening, on=on))

    a_day(9, 1_000_000, "FT-1")
    a_day(3, 1_002_000, "FT-3")

    def warnings():
        here = "/en/admin/reconciliation/"
        with client.get(f"{here}statements/download.csv") as file:
            texts = (client.get(here).text, file.text)
        return [text.count("Lines between them may be missing.") for text in texts]

    assert warnings() == [1, 1]

    a_day(6, 1_001_000, "FT-2")

    assert warnings() == [0, 0]


def test_one_bad_account_refuses_the_whole_file(take):
    good, bad = a_csv(FEE), a_csv(FEE, account="999999999999")

    with pytest.raises(StatementOfOthers):
        take(good + b"\n" + bad.split(b"\n")[1])
    assert count_of(BankLine) == 0


def test_a_payout_is_settled_by_the_line_that_names_it(take):
    a_released_order()
    (payout,) = sent()
    named = payout.number.replace("-", " ")

    take(a_csv((-92_100, "FT-9", f"Transfer {named}")))

    payout = db.session.get(Payout, payout.id, populate_existing=True)
    assert payout.state is PayoutState.SETTLED
    assert (payout.paid_minor, payout.bank_reference) == (92_100, "FT-9")
    assert balance("assets:payout-transit:idr").minor == 0
    assert count_unmatched_bank_lines() == 0


def test_an_implausible_amount_settles_nothing(take):
    a_released_order()
    (payout,) = sent()

    take(a_csv((-5, "FT-9", payout.number)))

    assert db.session.get(Payout, payout.id, populate_existing=True).state is PayoutState.SENT
    assert count_unmatched_bank_lines() == 1


def test_a_payout_settled_by_hand_is_found_by_its_reference(take):
    a_released_order()
    (payout,) = sent()
    settled(payout, 92_100, fee=2_500, reference="FT26330ABC")
    entries = count_of(LedgerEntry)

    take(a_csv((-94_600, "FT26330ABC", "Transfer")))

    assert count_unmatched_bank_lines() == 0
    assert count_of(LedgerEntry) == entries
    assert db.session.query(ReconMatch).one().entry_id == payout.settlement_entry_id


def test_a_disbursement_and_money_of_a_pledge_are_found_by_their_numbers(take):
    pledge = village.a_pledge(30_000_000)

    take(a_csv((10_000_000, "FT-2", f"CSR {pledge.number}"), account=TRUST))

    assert balance(f"funds:csr:{pledge.number}:available:krw") == won(-10_000_000)
    assert count_unmatched_bank_lines() == 0


def a_stripe_payout(amount=100_000, payout_id="po_1"):
    a_posting({"assets:stripe": won(amount), "equity:opening": won(-amount)})
    post(recon_postings.stripe_payout(payout_id, won(amount), occurred_at=now(), at=now()))


@pytest.mark.parametrize(
    ("came", "gain", "loss"), [(100_000, 0, 0), (101_000, 1_000, 0), (99_500, 0, 500)]
)
def test_a_payout_of_stripe_arrives_with_what_the_exchange_made_of_it(take, came, gain, loss):
    a_stripe_payout()

    take(a_csv((came, "FT-3", "STRIPE PAYMENTS")))

    assert list_payouts_on_the_way() == []
    assert balance("assets:bank-transit:krw") == won(0)
    assert balance("assets:bank:krw") == won(came)
    assert balance("income:fx:krw") == won(-gain)
    assert balance("expenses:fx:krw") == won(loss)
    assert count_unmatched_bank_lines() == 0


def test_two_payouts_of_stripe_that_could_be_meant_are_left_for_a_person(take):
    a_stripe_payout(100_000, "po_1")
    a_stripe_payout(100_000, "po_2")

    take(a_csv((100_000, "FT-3", "STRIPE PAYMENTS")))

    assert len(list_payouts_on_the_way()) == 2
    assert count_unmatched_bank_lines() == 1


def test_equal_amounts_are_left_for_a_person_who_matches_each_once(take, client, admin):
    for number in ("1", "2"):
        a_posting({"assets:bank": won(700), "equity:opening": won(-700)}, memo=f"Cash {number}")
    take(a_csv((700, "", "Cash"), (700, "", "Cash")))
    first, second = list_unmatched_bank_lines()
    sign_in(client, admin)

    page = client.get(f"{HERE}/bank/{first.id}").text
    choice = re.search(r'value="(\d+:\d+)"', page).group(1)
    answer = client.post(f"{HERE}/bank/{first.id}/match", data={"entry": choice})

    assert answer.status_code == 302
    assert client.post(f"{HERE}/bank/{second.id}/match", data={"entry": choice}).status_code == 422
    assert count_unmatched_bank_lines() == 1
    assert db.session.query(ReconMatch).one().by_user_id == admin.id


def test_money_that_stays_too_long_is_named_with_its_age():
    a_stripe_payout()

    (age,) = [row for row in list_ages(now()) if row.path == "assets:bank-transit"]

    assert (age.balance, age.days, age.is_late) == (won(100_000), 0, False)


def test_an_admin_reads_a_statement_and_an_auditor_only_looks(client, admin):
    sign_in(client, admin)
    file = {"file": (io.BytesIO(a_csv(FEE)), "may.csv")}

    answer = client.post(f"{HERE}/statements", data=file)

    assert answer.status_code == 302
    page = client.get(f"{HERE}/").text
    assert "may.csv" in page
    assert "FT-FEE" in page

    auditor = a_user("Auditor", roles=(Role.AUDITOR,), locale="en")
    sign_in(client, auditor)
    assert "Read a bank statement" not in client.get(f"{HERE}/").text
    file = {"file": (io.BytesIO(a_csv(FEE)), "may.csv")}
    assert client.post(f"{HERE}/statements", data=file).status_code == 403


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_a_refused_file_says_why_beside_its_field(client, admin, language):
    sign_in(client, admin)
    for body in (b"", b"nonsense", a_csv(FEE, account="999999999999"), a_csv(FEE, FEE, off=1)):
        file = {"file": (io.BytesIO(body), "x.csv")}
        answer = client.post(f"/{language}/admin/reconciliation/statements", data=file)

        assert answer.status_code == 422
        assert 'id="file-error-1"' in answer.text
    assert count_of(BankStatement) == 0


def test_the_page_asks_the_same_number_of_questions_however_much_waits(client, admin, take):
    sign_in(client, admin)

    def questions():
        seen = []
        note = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert client.get(f"{HERE}/").status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return [statement for statement in seen if "SAVEPOINT" not in statement]

    take(a_csv(FEE))
    questions()
    few = questions()
    take(a_csv(*[(-number, f"FT-{number}", "Fee") for number in range(1, 30)]))

    assert questions() == few


def test_accounts_are_read_from_the_settings():
    settings = {"LUMBUNG_DEMO": "1", "LUMBUNG_BANK_ACCOUNTS": "own:KRW:110-123-456789"}

    (account,) = read_config(settings, ROOT).bank_accounts

    assert (account.path, account.number) == ("assets:bank", "110123456789")
    with pytest.raises(ConfigError):
        read_config(settings | {"LUMBUNG_BANK_ACCOUNTS": "somewhere"}, ROOT)
