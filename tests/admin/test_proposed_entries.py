"""Entries that two people write by hand, on their pages."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.models import (
    LedgerEntry,
    LedgerEntryProposal,
    LedgerPeriod,
    PeriodState,
)
from marketplace.ledger.operations import reverse
from marketplace.ledger.queries import balance, entries_about, find_entry
from tests.admin.test_decisions import send
from tests.admin.test_home import text_of
from tests.factories import a_posting
from tests.ledger.drafts import TODAY

NEW = "/en/admin/ledger/adjustments/new"


def typed(**changes):
    """A right adjustment as typed: a bank fee of today."""
    return {
        "effective_on": today_in_seoul(now()).isoformat(),
        "currency": "KRW",
        "memo": "Bank fee of March",
        "reason": "Left out",
        "account_1": "expenses:bank-fee",
        "debit_1": "2,500",
        "account_2": "assets:bank:krw",
        "credit_2": "2500",
    } | changes


def proposals():
    return db.session.scalars(sa.select(LedgerEntryProposal)).all()


def count() -> int:
    return db.session.query(LedgerEntry).count()


def sign(browser, proposal, body=None):
    address = f"/en/admin/ledger/proposals/{proposal.id}/approval"
    return send(browser, address, data={"body": body or proposal.body_sha256})


@pytest.fixture
def receipt(world):
    from marketplace.reinvestment.operations import receive_pledge
    from tests.reinvestment.world import a_pledge, an_admin

    pledge = a_pledge(20_000)
    receive_pledge(pledge, won(20_000), reference="KRW-77", by=an_admin("Lee Sujin").id, at=now())
    return find_entry(f"pledge_received:{pledge.number}:KRW-77")


def test_two_people_book_an_adjustment_in_the_browser(world, first, second):
    page = text_of(send(first, NEW, data=typed()))
    assert "Proposed. A colleague has to sign it." in page
    assert "Adjustment: Bank fee of March Waits for the second signature" in page
    (proposal,) = proposals()

    text = text_of(sign(second, proposal))

    assert "Signed and booked. Both names stand on the entry." in text
    assert "Dewi Lestari, then Park Minseo" in text
    assert balance("expenses:bank-fee:krw") == won(2_500)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"debit_1": "2,400"}, "Debit: The entry does not balance: "),
        ({"account_2": "", "credit_2": ""}, "Debit: An entry needs at least two lines."),
        ({"account_2": "assets:bank:idr"}, "This account is in IDR, the entry in KRW."),
        ({"debit_1": "0", "credit_2": "0"}, "A line of an entry cannot be zero."),
        ({"debit_1": "2500.5"}, "Won are whole. Write the amount without decimals."),
        ({"debit_1": "2.5e3"}, "Write digits only, for example 2,500."),
        ({"debit_1": "-2500"}, "Write digits only, for example 2,500."),
        ({"debit_1": str(2**63), "credit_2": str(2**63)}, "A line can hold ₩1,000,000,000,000,000"),
        ({"account_1": "expenses:tips"}, "The chart of accounts has no place for “expenses:tips”."),
        ({"account_1": ""}, "Name the account of this line."),
        ({"credit_1": "1"}, "Write an amount on one side only."),
        ({"debit_1": ""}, "Write the amount, as debit or as credit."),
        (
            {"account_1": "funds:refund-reserve", "account_2": "assets:bank"},
            "is left in “funds:refund-reserve”.",
        ),
        ({"account_1": "assets:bank"}, "so nothing would change."),
        ({"account_1": "funds:village:programs"}, "“funds:village:programs” is kept lot by lot"),
        ({"account_2": "assets:stripe:krw"}, "“assets:stripe” follows what Stripe"),
        ({"account_2": "assets:bank-trust"}, "money leaves “assets:bank-trust” only for our own"),
        ({"effective_on": "2999-01-01"}, "The accounting day cannot lie in the future."),
        ({"effective_on": "1999-01-01"}, "Choose a day from then on."),
        ({"effective_on": "never"}, "is no day of the calendar."),
        ({"memo": " "}, "Write what happened."),
        ({"reason": " "}, "Write the reason."),
    ],
)
def test_a_wrong_adjustment_is_refused_beside_its_field_and_keeps_what_was_typed(
    world, first, changes, sentence
):
    before = count()
    page = first.post(NEW, data=typed(**{"reason": "Kept reason"} | changes))

    html = page.get_data(as_text=True)
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert "aria-invalid" in html
    if "reason" not in changes:
        assert "Kept reason" in html
    if "credit_2" not in changes:
        assert 'value="2500"' in html
    assert proposals() == []
    assert count() == before


def test_the_accounts_to_choose_from_are_those_that_may_be_adjusted(world, first):
    page = first.get(NEW).get_data(as_text=True)

    assert '<option value="assets:bank">' in page
    assert '<option value="income:platform-fee">' in page
    for path in ("assets:stripe", "funds:village:programs", "assets:payout-transit"):
        assert f'<option value="{path}">' not in page


def test_a_closed_month_refuses_it_beside_the_day(world, first):
    month = today_in_seoul(now()).replace(day=1)
    db.session.add(LedgerPeriod(starts_on=month, ends_on=month, state=PeriodState.CLOSED))
    db.session.flush()

    page = first.post(NEW, data=typed(effective_on=month.isoformat()))

    assert page.status_code == 422
    assert "Accounting day: The books of" in text_of(page)
    assert proposals() == []


def test_a_proposal_whose_month_was_closed_meanwhile_offers_no_signature(world, first, second):
    send(first, NEW, data=typed())
    (proposal,) = proposals()
    page = f"/en/admin/ledger/proposals/{proposal.id}"
    assert "Sign and book" in second.get(page).text
    month = proposal.effective_on.replace(day=1)
    db.session.add(LedgerPeriod(starts_on=month, ends_on=month, state=PeriodState.CLOSED))
    db.session.commit()

    shown = second.get(page).text

    assert "Sign and book" not in shown
    assert "Its month was closed meanwhile." in shown


def test_what_changed_after_it_was_read_is_not_signed(world, first, second):
    send(first, NEW, data=typed())
    (proposal,) = proposals()
    read = proposal.body_sha256
    edit = f"/en/admin/ledger/proposals/{proposal.id}/edit"
    assert 'value="expenses:bank-fee"' in first.get(edit).get_data(as_text=True)
    assert second.post(edit, data=typed(reason="Mine")).status_code == 409
    send(first, edit, data=typed(reason="Counted again"))

    text = text_of(sign(second, proposal, body=read))

    assert "The proposal changed after you opened it." in text
    assert "Counted again" in text
    assert balance("expenses:bank-fee:krw") == won(0)


def test_an_entry_is_reversed_by_two_people(receipt, first, second):
    page = first.get(f"/en/admin/ledger/{receipt.id}")
    assert "Propose a reversal" in text_of(page)
    address = f"/en/admin/ledger/{receipt.id}/reversal"
    preview = text_of(first.get(address))
    assert "What will be booked" in preview
    assert "20,000" in preview

    send(first, address, data={"reason": "Counted twice"})
    (proposal,) = proposals()
    assert "A reversal waits for its second signature." in text_of(
        second.get(f"/en/admin/ledger/{receipt.id}")
    )
    text = text_of(sign(second, proposal))

    assert "This entry reverses" in text
    assert f"Reversal of {receipt.number}: Counted twice" in text
    assert "This entry was reversed by" in text_of(first.get(f"/en/admin/ledger/{receipt.id}"))
    assert balance(f"funds:csr:{receipt.ref_id}:available:krw") == won(0)


def test_nobody_signs_their_own_reversal(receipt, first):
    send(first, f"/en/admin/ledger/{receipt.id}/reversal", data={"reason": "Twice"})

    text = text_of(sign(first, proposals()[0]))

    assert "Two different people must propose and approve." in text
    assert find_entry(f"reversal:{receipt.id}") is None


def test_what_was_reversed_meanwhile_is_refused(receipt, first, second):
    send(first, f"/en/admin/ledger/{receipt.id}/reversal", data={"reason": "Twice"})
    reverse(receipt.id, occurred_at=now(), effective_on=today_in_seoul(now()), memo="Undo")

    text = text_of(sign(second, proposals()[0]))

    assert "This entry is already reversed." in text


def test_a_second_release_is_harmless(receipt, first, second):
    send(first, f"/en/admin/ledger/{receipt.id}/reversal", data={"reason": "Twice"})
    for _ in range(2):
        sign(second, proposals()[0])

    assert len(entries_about("pledge", receipt.ref_id)) == 3


def test_a_reversal_needs_a_reason(receipt, first):
    page = first.post(f"/en/admin/ledger/{receipt.id}/reversal", data={"reason": " "})

    assert page.status_code == 422
    assert "Write the reason." in text_of(page)


def test_money_that_programs_were_given_is_not_reversed_any_more(world, first):
    entry = next(
        entry
        for entry in db.session.scalars(
            sa.select(LedgerEntry).where(LedgerEntry.kind == "pledge_received")
        )
    )

    page = first.post(f"/en/admin/ledger/{entry.id}/reversal", data={"reason": "Twice"})

    assert page.status_code == 422
    assert "Programs were given money of this entry already" in text_of(page)


def test_what_stripe_did_is_not_reversed_by_hand_and_the_page_says_where_to_go(world, first):
    (sale,) = entries_about("order", world.waiting.number)

    page = first.get(f"/en/admin/ledger/{sale.id}")
    refused = first.post(f"/en/admin/ledger/{sale.id}/reversal", data={"reason": "Wrong"})

    assert "Stripe moved this money, so the books follow Stripe." in text_of(page)
    assert "Propose a reversal" not in text_of(page)
    assert f"/en/admin/orders/{world.waiting.number}" in page.get_data(as_text=True)
    assert refused.status_code == 422
    assert find_entry(f"reversal:{sale.id}") is None


def test_auditors_see_and_change_nothing(receipt, first, reader):
    send(first, NEW, data=typed())
    (proposal,) = proposals()

    page = text_of(reader.get(f"/en/admin/ledger/proposals/{proposal.id}"))
    assert "Sign and book" not in page
    assert "Withdraw" not in page
    assert "Propose a reversal" not in text_of(reader.get(f"/en/admin/ledger/{receipt.id}"))
    assert "Propose an adjustment" not in text_of(reader.get("/en/admin/ledger/"))
    for address in (
        NEW,
        f"/en/admin/ledger/{receipt.id}/reversal",
        f"/en/admin/ledger/proposals/{proposal.id}/approval",
        f"/en/admin/ledger/proposals/{proposal.id}/withdrawal",
        f"/en/admin/ledger/proposals/{proposal.id}/edit",
    ):
        assert reader.post(address).status_code == 403
    assert proposal.is_waiting


def test_signing_asks_once_more_before_it_books(world, first, second):
    send(first, NEW, data=typed())

    page = second.get(f"/en/admin/ledger/proposals/{proposals()[0].id}")

    form = re.search(r"<form[^>]*/approval.*?</form>", page.get_data(as_text=True), re.S)[0]
    before, _, asked = form.partition("</summary>")
    assert "Sign and book" in before
    assert re.findall(r"<button[^>]*>", before) == ["<button disabled hidden>"]
    assert "Yes, sign and book" in asked


def test_an_entry_to_sign_stands_at_home_until_it_is_withdrawn(world, first, second):
    send(first, NEW, data=typed())
    assert "Adjustment: Bank fee of March" in text_of(second.get("/en/admin/"))

    page = send(second, f"/en/admin/ledger/proposals/{proposals()[0].id}/withdrawal")

    assert "Withdrawn. Nothing is booked." in text_of(page)
    assert "Adjustment: Bank fee of March" not in text_of(second.get("/en/admin/"))
    korean = text_of(second.get(f"/ko/admin/ledger/proposals/{proposals()[0].id}"))
    assert "철회됨" in korean
    assert "판매 내림" not in korean
    assert first.get("/en/admin/ledger/proposals/999999").status_code == 404


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "Accounting day {d.day} "),
        ("ko", "회계일 {d.year}년 {d.month}월 {d.day}일"),
        ("id", "Hari pembukuan {d.day} "),
    ],
)
def test_a_card_shows_the_accounting_day_where_it_is_not_the_day_shown(world, first, lang, words):
    lines = {"expenses:bank-fee": won(5), "assets:bank": won(-5)}
    late = TODAY - timedelta(days=1)
    alike = a_posting(lines, effective_on=TODAY)
    other = a_posting(lines, effective_on=late)

    journal = text_of(first.get(f"/{lang}/admin/ledger/?since={late}&until={late}"))
    cards = [text_of(first.get(f"/{lang}/admin/ledger/{entry}")) for entry in (alike, other)]

    assert words.format(d=late) in journal
    # The facts beside the card always name the day.
    assert cards[0].count(words.format(d=TODAY)) == 1
    assert cards[1].count(words.format(d=late)) == 2
