"""The ledger's pages as files, for those who may read the pages."""

import csv
import io
import re
from datetime import date, datetime

import pytest
from openpyxl import load_workbook

from marketplace.kernel.money import rupiah, won
from marketplace.ledger.queries import (
    Journal,
    count_entries,
    credit_balance,
    entries_about,
    list_entries,
    trial_balance,
)
from tests.admin.test_access import PEOPLE
from tests.factories import a_posting

pytestmark = pytest.mark.usefixtures("world")

PLACES = ("ledger", "ledger/{entry}", "ledger/accounts/assets:stripe:krw", "ledger/trial-balance")
PLACES += ("orders",)
PROGRAMS = "ledger/accounts/funds:village:programs:krw"


@pytest.fixture
def sale(world):
    return entries_about("order", world.delivered.number)[0]


@pytest.fixture
def rows(reader):
    """A function from a page and its filters to the rows of its CSV file, headings first."""

    def read(place, lang="en", **asked):
        with reader.get(f"/{lang}/admin/{place}/download.csv", query_string=asked) as answer:
            assert answer.get_data().startswith(b"\xef\xbb\xbf")
            return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))

    return read


@pytest.fixture
def sheet(reader):
    """As `rows`, for the cells of the only sheet of its XLSX file."""

    def read(place, **asked):
        with reader.get(f"/en/admin/{place}/download.xlsx", query_string=asked) as answer:
            (only,) = load_workbook(io.BytesIO(answer.get_data())).worksheets
        return only

    return read


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(("who", "status"), [("buyer", 403), ("auditor", 200), ("admin", 200)])
def test_staff_take_the_books_along_and_buyers_do_not(open_as, sale, place, kind, who, status):
    address = f"/en/admin/{place.format(entry=sale.id)}/download.{kind}"

    with open_as(PEOPLE[who]()).get(address) as answer:
        assert answer.status_code == status


def test_strangers_are_asked_to_sign_in(client):
    assert client.get("/en/admin/ledger/download.csv").status_code == 302


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_has_a_name_and_a_length_and_is_stored_by_nobody(reader, kind):
    with reader.get(f"/ko/admin/{PROGRAMS}/download.{kind}") as answer:
        headers, body = answer.headers, answer.get_data()

    name = rf"lumbung-funds-village-programs-krw-\d{{4}}-\d\d-\d\d\.{kind}"
    assert re.fullmatch(f"attachment; filename={name}", headers["Content-Disposition"])
    assert headers["Cache-Control"] == "private, no-store"
    assert int(headers["Content-Length"]) == len(body) > 100
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_every_page_leads_to_its_files(reader, sale, place, lang):
    page = f"/{lang}/admin/{place.format(entry=sale.id)}"
    html = reader.get(page if "/" in place else f"{page}/").get_data(as_text=True)

    links = re.findall(r'href="([^"]+/download\.[a-z]+[^"]*)"', html)

    assert [link.partition("?")[0].rpartition(".")[2] for link in links] == ["csv", "xlsx"]
    for link in links:
        with reader.get(link.replace("&amp;", "&")) as answer:
            assert answer.status_code == 200


def test_orders_are_downloaded_as_they_are_narrowed_down_and_name_no_buyer(rows, world):
    order = world.delivered

    heads, *found = rows("orders", number=order.number, state="paid")

    assert heads == ["Order number", "Placed", "State", "Goods", "International shipping", "Won"]
    assert [row[0] for row in found] == [order.number]
    assert found[0][2] == "paid"
    assert found[0][5] == str(order.total.minor)
    assert rows("orders", state="canceled")[1:] == []


def test_the_journal_is_downloaded_as_it_is_narrowed_down(reader, rows, world):
    page = reader.get("/en/admin/ledger/?kind=sale&until=2026-04-18").get_data(as_text=True)
    (link,) = re.findall(r'href="[^"]+/download\.csv\?([^"]*)"', page)
    assert set(link.split("&amp;")) == {"kind=sale", "until=2026-04-18"}

    whole, sales = rows("ledger"), rows("ledger", kind="sale")

    assert len({row[0] for row in whole[1:]}) == count_entries(Journal()) == 7
    assert {row[3] for row in sales[1:]} == {"Sale"}
    assert len({row[0] for row in sales[1:]}) == 2
    assert len(rows("ledger", text="no such words")) == 1


def test_the_rows_of_the_journal_are_its_lines_oldest_first(rows):
    heads, *lines = rows("ledger")

    entries = reversed(list_entries(Journal()))
    expected = [
        (entry.number, str(entry.effective_on), line.code, minor(line.amount))
        for entry in entries
        for line in entry.postings
    ]
    assert heads[:2] == ["Entry", "Accounting day"]
    assert [(r[0], r[1], r[7], r[10] or f"-{r[11]}") for r in lines] == expected
    assert any(re.fullmatch(r"Pledge CSR-26-\d+ made", row[4]) for row in lines)


def minor(amount) -> str:
    return f"{amount.major:f}"


def test_an_entry_is_downloaded_by_itself(rows, sale):
    _, *lines = rows(f"ledger/{sale.id}")

    assert [(line[0], line[7]) for line in lines] == [
        (sale.number, posting.code) for posting in sale.postings
    ]


def test_an_account_runs_to_its_balance(rows):
    heads, opening, *lines = rows("ledger/accounts/funds:village:held:krw")

    assert heads[-3:] == ["Debit", "Credit", "Balance"]
    assert opening[3] == "Opening balance"
    assert opening[-1] == "0"
    running = 0
    for line in lines:
        running += int(line[-2] or 0) - int(line[-3] or 0)
        assert line[-1] == str(running)
    assert running == credit_balance("funds:village:held:krw").minor == 6_000


def test_an_account_between_two_days_opens_with_what_was_there(rows):
    _, opening, *lines = rows("ledger/accounts/funds:village:held:krw", since="2026-04-19")

    assert opening[-1] == "9000"
    assert [line[-1] for line in lines] == ["6000"]


def test_the_trial_balance_has_equal_columns(rows):
    _, *lines = rows("ledger/trial-balance", on="2026-04-18")

    totals = [line for line in lines if line[0] == "Total"]
    assert len(lines) - 2 == len(trial_balance(date(2026, 4, 18)).rows)
    assert [line[3] for line in totals] == ["IDR", "KRW"]
    assert all(line[4] == line[5] != "0" for line in totals)


def test_a_sheet_holds_numbers_and_days(sheet, sale):
    cells = sheet(f"ledger/{sale.id}")

    first = [cell.value for cell in cells[2]]
    assert cells.freeze_panes == "A2"
    assert first[1] == datetime(2026, 4, 18)  # noqa: DTZ001  (a day, as sheets keep it)
    assert cells["B2"].number_format == "yyyy-mm-dd"
    assert first[10] == sale.postings[0].amount.minor
    by_currency = {row[9].value: row for row in cells.iter_rows(min_row=2)}
    held = next(cell for cell in by_currency["IDR"][10:] if cell.value)
    assert held.number_format == "[$Rp-421] #,##0.00"
    assert held.data_type == "n"


# The page, where its files are, and the first heading of each.
LISTS = [
    ("ledger/accounts/", "ledger/accounts/", "Class"),
    ("funds/", "funds/", "Fund"),
    ("ledger/periods/", "ledger/periods/", "Month"),
    ("ledger/policies/", "ledger/policies/", "Division"),
    ("ledger/audit/", "ledger/audit/", "Rule"),
    ("ledger/conservation", "ledger/conservation/", "Currency"),
    ("ledger/seals/", "ledger/seals/", "Signed"),
    ("reconciliation/", "reconciliation/stripe/", "Line"),
    ("reconciliation/", "reconciliation/bank/", "Reference"),
    ("payouts/", "payouts/", "Batch"),
    ("disputes/", "disputes/", "Order number"),
]


@pytest.mark.parametrize(("page", "place", "heading"), LISTS)
def test_every_list_is_taken_along_by_those_who_read_it(
    open_as, first, reader, page, place, heading
):
    first.post("/en/admin/ledger/audit/")
    html = reader.get(f"/en/admin/{page}").get_data(as_text=True)
    links = re.findall(rf'href="(/en/admin/{place}download\.[^"]+)"', html)
    assert [link.partition("?")[0].rpartition(".")[2] for link in links] == ["csv", "xlsx"]

    with reader.get(links[0]) as answer:
        written = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    with reader.get(links[1]) as answer:
        (only,) = load_workbook(io.BytesIO(answer.get_data())).worksheets
    with reader.get(links[0].replace("/en/", "/ko/")) as answer:
        korean = answer.get_data().decode("utf-8-sig")

    assert written[0][0] == heading
    assert only.max_row == len(written)
    assert [cell.value for cell in only[1]] == written[0]
    assert not korean.startswith(heading)
    assert open_as(PEOPLE["buyer"]()).get(links[0]).status_code == 403


def test_the_accounts_are_those_of_the_page(rows):
    _, *lines = rows("ledger/accounts")

    held = next(line for line in lines if line[1] == "funds:village:held:krw")
    assert held[2:] == ["Village share, waiting for delivery", "KRW", "6000"]


def test_the_divisions_are_in_force_with_their_parts(rows):
    _, *lines = rows("ledger/policies")

    assert [line[2:5] for line in lines[:3]] == [
        ["in force", "Cooperative", "92"],
        ["in force", "Service and payment", "5"],
        ["in force", "Village share", "3"],
    ]


def test_the_money_of_a_currency_is_all_accounted_for(rows):
    _, *lines = rows("ledger/conservation")

    won_lines = [line for line in lines if line[0] == "KRW"]
    sums = {
        part: sum(int(line[3]) for line in won_lines if line[1] == part)
        for part in ("Paid in", "Money that left", "Cash", "Difference")
    }
    assert sums["Paid in"] - sums["Money that left"] == sums["Cash"] > 0
    assert sums["Difference"] == 0


FORMULAS = ['=HYPERLINK("http://x.example")', "+1", "-1", "@SUM(A1)", "＝1+1", "#N/A"]


@pytest.mark.parametrize("memo", FORMULAS)
def test_no_text_is_ever_a_formula(rows, sheet, memo):
    a_posting({"assets:bank": won(1), "equity:opening": won(-1)}, memo=memo)

    (kept,) = {row[4] for row in rows("ledger", path="assets:bank")[1:]}
    cell = sheet("ledger", path="assets:bank")["E2"]

    assert kept == (memo if memo == "#N/A" else f"'{memo}")
    assert (cell.value, cell.data_type) == (memo, "s")


def test_signs_that_a_sheet_cannot_hold_are_left_out(sheet):
    a_posting({"assets:bank": rupiah(1), "equity:opening": -rupiah(1)}, memo="a\x07b")

    assert sheet("ledger", path="assets:bank")["E2"].value == "ab"


def test_korean_is_kept(rows):
    a_posting({"assets:bank": won(1), "equity:opening": won(-1)}, memo="오차 정정")

    heads, *lines = rows("ledger", lang="ko", path="assets:bank")

    assert heads[1] == "회계일"
    assert lines[0][4] == "오차 정정"


@pytest.mark.parametrize(
    ("place", "asked", "back"),
    [
        ("ledger", "since=yesterday", "ledger/?since=yesterday"),
        ("ledger/trial-balance", "on=today", "ledger/trial-balance?on=today"),
        (PROGRAMS, "until=31.12.&page=2", f"{PROGRAMS}?until=31.12."),
    ],
)
def test_a_day_that_is_none_is_shown_beside_its_field(reader, place, asked, back):
    answer = reader.get(f"/en/admin/{place}/download.csv?{asked}")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/en/admin/{back}"


def test_what_is_not_there_has_no_file(reader):
    assert reader.get("/en/admin/ledger/1/download.csv").status_code == 404
    assert reader.get("/en/admin/ledger/accounts/funds:no:krw/download.csv").status_code == 404
    assert reader.get("/en/admin/ledger/download.exe").status_code == 404


@pytest.mark.parametrize(("place", "most"), [("ledger", 5), (PROGRAMS, 6), (PLACES[3], 4)])
def test_a_file_asks_few_questions(reader, statements, place, most):
    reader.get(f"/en/admin/{place}/download.csv").close()
    statements.clear()

    reader.get(f"/en/admin/{place}/download.csv").close()

    assert len(statements) <= most, "\n\n".join(statements)


def test_programs_and_pledges_are_taken_along(world, rows):
    programs, pledges = rows("programs"), rows("pledges")

    assert programs[0][0] == "Program number"
    assert world.program.number in {row[0] for row in programs[1:]}
    assert pledges[0][:2] == ["Pledge", "Company"]
