import re

import pytest

from marketplace.kernel.money import Money, won
from marketplace.ledger.operations import reverse
from marketplace.ledger.queries import balance, credit_balance, entries_about, turnovers
from marketplace.openbook.queries import read_books, read_figures, read_in_hand
from marketplace.openbook.views.growth import quarters
from marketplace.reinvestment.operations import finish_program, settle_disbursement
from marketplace.reinvestment.queries import list_disbursements
from tests.factories import a_posting
from tests.ledger.tampering import tamper
from tests.openbook.conftest import LATER
from tests.reinvestment.world import an_admin, paid

pytestmark = pytest.mark.usefixtures("world")


def text_of(response):
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_every_figure_is_the_ledgers_to_the_won():
    figures = read_figures()

    assert figures.shares == won(9_000)
    assert figures.pledges == won(10_000)
    assert figures.assigned_in_all == won(5_000)
    assert figures.paid == won(1_200)
    assert figures.committed == won(3_800)
    assert figures.held == won(6_000) == credit_balance("funds:village:held:krw")
    assert figures.free == won(8_000)


def test_what_came_is_what_is_here_set_aside_or_paid(world):
    whole = turnovers(["funds", "funds:csr", "expenses:grants"], "KRW")
    promised = credit_balance(f"funds:csr:{world.pledge.number}:pledged:krw")

    figures = read_figures()

    assert figures.difference == won(0)
    assert whole["expenses:grants"].balance == figures.paid
    assert whole["funds"].credit_balance == figures.received - figures.paid + promised


def test_assigned_money_is_named_by_fund_and_program(world):
    assert read_figures().assigned == {
        ("funds:village:programs", world.program.number): 2_100,
        (f"funds:csr:{world.pledge.number}:available", world.program.number): 2_900,
    }


def test_money_that_comes_back_from_a_program_is_not_received_twice(world):
    finish_program(world.program, by=an_admin().id, at=LATER)

    figures = read_figures()

    assert figures.received == won(19_000)
    assert figures.assigned_in_all == figures.paid == won(1_200)
    assert figures.difference == won(0)


def test_a_reversed_sale_leaves_the_figures(world):
    sale = entries_about("order", world.waiting.number)[0]

    reverse(sale.id, occurred_at=LATER, effective_on=LATER.date(), memo="Counted twice")

    assert read_figures().shares == won(3_000)
    assert read_figures().difference == won(0)


def test_both_sides_of_the_journal_are_equal_in_every_currency():
    books = read_books()

    assert set(books.sides) == {"KRW", "IDR"}
    assert books.are_balanced
    assert balance("assets:bank-trust:krw") == won(10_000)


def test_quarters_add_up_and_run_on():
    rows = quarters(read_figures().months)

    assert [(row.label, row.shares, row.pledges, row.so_far) for row in rows] == [
        ("26 Q2", won(9_000), won(10_000), won(19_000))
    ]


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_strangers_read_the_ledger_in_their_language(client, lang):
    page = client.get(f"/{lang}/ledger")

    assert page.status_code == 200
    text = text_of(page)
    for amount in ("9,000", "10,000", "5,000", "1,200", "8,000"):
        assert amount.replace(",", "." if lang == "id" else ",") in text


def test_the_page_shows_a_new_entry_at_once(client, world):
    before = client.get("/en/ledger")
    paid(world.program, 800, at=LATER)

    after = client.get("/en/ledger")

    assert "₩1,200" in text_of(before)
    assert "₩2,000" in text_of(after)


def test_the_page_asks_few_questions(client, statements):
    statements.clear()

    client.get("/en/ledger")

    assert len(statements) <= 14, "\n\n".join(statements)


def test_the_money_in_hand_is_what_came_less_what_left(client, world):
    settle_disbursement(
        list_disbursements(world.program)[0], reference="TRF-1", by=an_admin().id, at=LATER
    )

    money = {row.currency: row for row in read_in_hand()}

    in_won = money["KRW"]
    assert dict(in_won.accounts)["assets:bank-trust"] == in_won.trust == won(8_800)
    assert in_won.paid_in == in_won.paid_out + in_won.cash
    assert all(row.is_whole for row in money.values())
    held = turnovers(["funds"], "KRW")["funds"].credit_balance
    promised = credit_balance(f"funds:csr:{world.pledge.number}:pledged:krw")
    reserve = credit_balance("funds:refund-reserve:krw")
    assert in_won.bound == held - promised - reserve
    assert "Paid in = paid out + in hand. Difference: 0." in text_of(client.get("/en/ledger"))


def test_rupiah_on_their_way_are_no_alarm(client):
    rupiah = Money(500, "IDR")
    a_posting({"assets:payout-transit": -rupiah, "equity:trading:idr-krw": rupiah})

    page = text_of(client.get("/en/ledger"))

    assert page.count("Paid in = paid out + in hand. Difference: 0.") == 1
    assert "Paid in + still to be changed = money that left. Difference: 0." in page
    assert "Still to be changed from won Rp 5" in page
    assert "below zero until the bank" in page


def test_won_that_vanish_are_told_to_everybody(client):
    tamper(
        "UPDATE ledger_postings SET amount = amount - 7 WHERE amount = 10000 AND account_id ="
        " (SELECT id FROM ledger_accounts WHERE code = 'assets:bank-trust:krw')"
    )

    page = text_of(client.get("/en/ledger"))

    assert "₩7 is not accounted for." in page
    assert "Paid in = paid out + in hand. Difference: 0." not in page


def test_a_kept_page_asks_one_question(client, statements):
    client.get("/en/ledger")
    statements.clear()

    client.get("/en/ledger")

    assert len(statements) <= 1


def test_nobody_is_named(client, world):
    text = client.get("/en/ledger").get_data(as_text=True)

    assert world.delivered.number not in text
    for name in ("Kim Jisu", "Dewi Lestari", "Lee Seoyeon", "김하은"):
        assert name not in text
