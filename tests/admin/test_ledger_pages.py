import re

import pytest

from marketplace.kernel.money import won
from marketplace.ledger.operations import reverse
from marketplace.ledger.queries import (
    Journal,
    credit_balance,
    entries_about,
    entry_number,
    list_entries,
)
from marketplace.reinvestment.operations import settle_disbursement
from marketplace.reinvestment.queries import list_disbursements
from tests.factories import a_posting
from tests.openbook.conftest import LATER, seal_with, unseal
from tests.reinvestment.world import an_admin

pytestmark = pytest.mark.usefixtures("world")


def text_of(response):
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def numbers_in(response):
    return re.findall(r'aria-labelledby="(J-[^"]+)"', response.get_data(as_text=True))


@pytest.fixture
def journal(reader):
    """A function from filters to the numbers of the entries shown."""
    return lambda **asked: numbers_in(reader.get("/en/admin/ledger/", query_string=asked))


@pytest.fixture
def sale(world):
    return entries_about("order", world.delivered.number)[0]


def test_the_journal_shows_every_entry_with_equal_sides(reader, world):
    page = reader.get("/en/admin/ledger/")

    # Two sales, a release, a pledge and its money, an allocation, a payment.
    assert len(numbers_in(page)) == 7
    text = text_of(page)
    assert "Balanced, difference 0" in text
    assert "7 entries, newest first" in text
    assert "Dewi Lestari, then Lee Seoyeon" in text
    assert "posted on payment" in text


def test_the_journal_is_narrowed_down(journal, world, sale):
    assert journal(text=world.delivered.number) == [
        entry.number for entry in reversed(entries_about("order", world.delivered.number))
    ]
    assert journal(text=sale.number) == [sale.number]
    assert journal(text=sale.idem_key) == [sale.number]
    assert len(journal(kind="sale")) == 2
    assert len(journal(path="funds:csr")) == 3
    assert len(journal(until="2026-04-18")) == 2
    assert len(journal(since="2026-04-19")) == 5
    assert journal(text="no such words") == []


def test_the_journal_finds_words_of_its_own_sentences_in_every_language(reader, world, sale):
    found = {
        language: numbers_in(reader.get(f"/{language}/admin/ledger/", query_string={"text": words}))
        for language, words in (
            ("en", f"paid {world.delivered.number}"),
            ("ko", f"결제 {world.delivered.number}"),
            ("id", f"dibayar {world.delivered.number}"),
        )
    }

    assert set(map(tuple, found.values())) == {(sale.number,)}


def test_the_journal_finds_the_beginning_of_a_number_and_a_part_of_a_key(journal, sale):
    assert sale.number in journal(text=sale.number[:9])
    assert journal(text=sale.idem_key[6:]) == [sale.number]


def test_the_journal_is_narrowed_down_to_large_entries(journal, reader, world):
    assert len(journal(at_least="112,000")) == 2
    assert len(journal(at_least="112001")) == 1
    assert len(journal(at_least="112001", kind="release")) == 0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("much", "Write whole won, for example 2500000."),
        ("1.5", "Write whole won, for example 2500000."),
        ("0", "Write whole won above zero, for example 33200."),
    ],
)
def test_what_is_no_whole_won_is_refused_beside_the_filter(reader, typed, sentence):
    page = reader.get(f"/en/admin/ledger/?at_least={typed}")

    assert page.status_code == 422
    assert f"At least, won {sentence}" in text_of(page)
    assert f'value="{typed}"' in page.get_data(as_text=True)


def test_the_journal_and_the_entry_say_how_far_the_books_are_sealed(app, reader, first, sale):
    unseal()

    assert "7 wait for their seal" in text_of(reader.get("/en/admin/ledger/"))
    assert "Waits for its seal." in text_of(reader.get(f"/en/admin/ledger/{sale.id}"))
    seal_with(app)
    first.post("/en/admin/ledger/audit/")

    text = text_of(reader.get("/en/admin/ledger/"))
    entry = text_of(reader.get(f"/en/admin/ledger/{sale.id}"))

    assert "Sealed entries and decisions 9" in text
    assert "Seal of " in text
    assert "Check everything again" not in text
    assert "Leaf" in entry
    assert "Head that covers it of 9 entries and decisions" in entry


def test_a_cooperative_is_shown_by_its_name_and_its_code_small(reader, sale):
    html = reader.get("/en/admin/ledger/").get_data(as_text=True)

    path = next(line.path for line in sale.postings if line.path.startswith("liabilities:coop:"))
    slug = path.split(":")[2]
    assert f"{slug}, waiting for delivery" not in html
    assert f'({path})">' in html
    assert f'<span class="code">{path}</span>' in html


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"since": "abc"}, "since", "“abc” is no day of the calendar."),
        ({"until": "2026-02-31"}, "until", "“2026-02-31” is no day of the calendar."),
        (
            {"since": "2026-04-19", "until": "2026-04-18"},
            "until",
            "This day lies before the first one.",
        ),
        ({"kind": "salé"}, "kind", "Choose one of those offered."),
        ({"text": "x" * 101}, "text", "Write at most 100 characters."),
    ],
)
def test_a_filter_that_makes_no_sense_is_named_beside_its_field_and_shows_no_entries(
    reader, asked, field, sentence
):
    page = reader.get("/en/admin/ledger/", query_string=asked)

    html = page.get_data(as_text=True)
    assert page.status_code == 422
    assert f'id="{field}-error-1"' in html
    assert sentence in html
    for typed in asked.values():
        assert f'value="{typed}"' in html
    assert numbers_in(page) == []
    assert "entries, newest first" not in html
    assert "No entries are shown until the filter above is put right." in html


def test_a_wrong_day_can_be_seen_and_mended_where_it_was_typed(reader):
    html = reader.get("/id/admin/ledger/?since=2026-02-31").get_data(as_text=True)

    # A date picker would show an empty field.
    assert re.search(r'<input[^>]*name="since"[^>]*type="text"[^>]*value="2026-02-31"', html)
    assert re.search(r'<input[^>]*name="until"[^>]*type="date"', html)


def test_a_signature_of_nothing_in_a_filter_finds_nothing(reader):
    assert reader.get("/en/admin/ledger/?text=%00a&path=funds%00").status_code == 200


@pytest.mark.parametrize("typed", ["abc", "2026-02-31", "18.4.2026"])
def test_a_trial_balance_of_no_day_shows_no_figures(reader, typed):
    page = reader.get("/en/admin/ledger/trial-balance", query_string={"on": typed})

    html = page.get_data(as_text=True)
    assert page.status_code == 422
    assert f"“{typed}” is no day of the calendar." in html
    assert f'value="{typed}"' in html
    assert "Both columns are equal" not in html
    assert "<table" not in html


def test_the_journal_turns_pages(reader, journal):
    for number in range(6):
        a_posting({"assets:bank": won(number + 1), "equity:opening": -won(number + 1)})

    pages = [journal(page=1), journal(page=2)]

    assert [len(page) for page in pages] == [10, 3]
    assert "13 entries" in text_of(reader.get("/en/admin/ledger/"))


def test_the_funds_beside_the_journal_are_the_ledgers(reader):
    text = text_of(reader.get("/en/admin/ledger/"))

    # 9,000 of shares and 10,000 of a pledge, less 1,200 paid.
    assert "In the funds, without promises 17,800" in text
    assert "of which committed 3,800" in text


def test_an_entry_names_its_document_and_both_people(reader, world):
    entry = entries_about("program", world.program.number)[0]

    page = reader.get(f"/en/admin/ledger/{entry.id}")

    html, text = page.get_data(as_text=True), text_of(page)
    assert f'href="/en/admin/programs/{world.program.number}"' in html
    assert "Proposed Dewi Lestari Approved Lee Seoyeon" in text
    assert entries_about("program", world.program.number)[1].number in text
    assert f"/en/admin/ledger/accounts/funds:program:{world.program.number}:committed:krw" in html


def test_the_entry_of_a_bank_line_names_who_saw_it_and_its_reference(reader, world):
    part = list_disbursements(world.program)[0]
    settle_disbursement(part, reference="KB-7741", by=an_admin("Yuni Astuti").id, at=LATER)

    text = text_of(reader.get(f"/en/admin/ledger/{part.settlement_entry_id}"))

    assert "Proposed Dewi Lestari Approved Lee Seoyeon" in text
    assert "Bank line seen by Yuni Astuti Bank reference KB-7741 Noted on" in text


@pytest.mark.parametrize(
    ("lang", "sale_words", "pledge_words"),
    [
        ("ko", "주문 {} 결제", "은행 거래 번호"),
        ("id", "Pesanan {} dibayar", "referensi bank"),
        ("en", "Order {} paid", "bank reference"),
    ],
)
def test_pages_of_the_books_say_what_happened_in_the_readers_language(
    reader, world, sale, lang, sale_words, pledge_words
):
    part = list_disbursements(world.program)[0]
    settle_disbursement(part, reference="KB-7741", by=an_admin().id, at=LATER)
    entries = list_entries(Journal())
    held = "/admin/ledger/accounts/funds:village:held:krw"
    said = sale_words.format(world.delivered.number)

    journal = text_of(reader.get(f"/{lang}/admin/ledger/"))
    account = text_of(reader.get(f"/{lang}{held}"))
    page = text_of(reader.get(f"/{lang}/admin/ledger/{sale.id}"))

    assert said in journal
    assert pledge_words in journal
    assert said in account
    assert said in page
    if lang != "en":
        assert [entry.memo for entry in entries if entry.memo in journal + account] == []
        assert page.count(sale.memo) == 1  # under "Words as booked"


def test_words_that_a_person_wrote_stay_theirs(reader, world, sale):
    undone = reverse(sale.id, occurred_at=LATER, effective_on=LATER.date(), memo="두 번 셌음")

    assert "두 번 셌음" in text_of(reader.get("/id/admin/ledger/"))
    assert "두 번 셌음" in text_of(reader.get(f"/id/admin/ledger/{undone}"))


def test_an_orders_entry_leads_to_the_order_and_its_release(reader, world, sale):
    html = reader.get(f"/en/admin/ledger/{sale.id}").get_data(as_text=True)

    release = entries_about("order", world.delivered.number)[1]
    assert f'href="/en/admin/orders/{world.delivered.number}"' in html
    assert f'href="/en/admin/ledger/{release.id}"' in html


def test_a_reversal_and_what_it_undoes_link_to_each_other(reader, world, sale):
    undone = reverse(sale.id, occurred_at=LATER, effective_on=LATER.date(), memo="Counted twice")

    first = reader.get(f"/en/admin/ledger/{sale.id}").get_data(as_text=True)
    second = reader.get(f"/en/admin/ledger/{undone}").get_data(as_text=True)

    assert "This entry was reversed by" in first
    assert entry_number(undone) in first
    assert "This entry reverses" in second
    assert sale.number in second


def test_an_entry_or_account_that_is_not_there_is_not_found(reader):
    assert reader.get("/en/admin/ledger/1").status_code == 404
    assert reader.get("/en/admin/ledger/accounts/funds:nothing:krw").status_code == 404


def test_accounts_stand_by_class_with_their_balances(reader):
    page = reader.get("/en/admin/ledger/accounts/")

    text = text_of(page)
    assert re.findall(r'id="class-(.)"', page.get_data(as_text=True)) == list("ALFQIX")
    assert "funds:village:held KRW 6,000" in re.sub(r" for its purpose only", "", text)


def test_an_account_runs_from_opening_to_closing(reader):
    text = text_of(reader.get("/en/admin/ledger/accounts/funds:village:programs:krw"))

    closing = credit_balance("funds:village:programs:krw").minor
    assert closing == 0
    assert "Closing balance 0" in text
    assert "Program P-" in text
    assert "2,100 0 2" in text
    assert "Opening balance 0" in text


def test_the_trial_balance_says_in_words_that_nothing_is_left_over(reader):
    text = text_of(reader.get("/en/admin/ledger/trial-balance"))

    assert text.count("Both columns are equal. Difference: 0.") == 2
    assert text.count("Difference 0") == 2
    assert "The columns differ" not in text


def test_the_trial_balance_is_of_the_end_of_a_day(reader):
    before = text_of(reader.get("/en/admin/ledger/trial-balance?on=2026-04-17"))
    sales = text_of(reader.get("/en/admin/ledger/trial-balance?on=2026-04-18"))

    assert "Nothing was booked up to this day." in before
    assert "funds:village:held 9,000" in sales


@pytest.mark.parametrize(
    ("place", "most"),
    [("", 21), ("ledger/", 15), ("ledger/accounts/", 7), ("ledger/trial-balance", 7)],
)
def test_pages_ask_few_questions(reader, statements, place, most):
    reader.get(f"/en/admin/{place}")
    statements.clear()

    reader.get(f"/en/admin/{place}")

    assert len(statements) <= most, "\n\n".join(statements)
