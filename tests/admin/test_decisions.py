"""Audits, months, divisions and funds on their pages, with two people acting."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.models import (
    LedgerAudit,
    LedgerEntry,
    LedgerPeriod,
    LedgerPeriodChange,
    PeriodState,
    SplitPolicy,
    SplitPolicyProposal,
)
from marketplace.ledger.operations import approve_period_change, propose_period_change
from marketplace.ledger.queries import balance, entries_about, entry_number
from marketplace.reference.models import ExchangeRate
from marketplace.reference.operations import set_rate
from marketplace.reference.queries import rates
from marketplace.reinvestment.operations import settle_disbursement
from tests.admin.test_home import text_of
from tests.factories import a_posting
from tests.ledger.tampering import tamper
from tests.openbook.conftest import LATER, unseal
from tests.reinvestment.world import an_admin

SALE = {"cooperative": "91.5", "service": "5", "village_share": "3.5"}


@pytest.fixture
def whole(world):
    """The world with its payment settled, so that nothing is overdue by now."""
    from marketplace.reinvestment.models import Disbursement

    payment = db.session.scalars(sa.select(Disbursement)).one()
    settle_disbursement(payment, reference="KRW-1", by=an_admin("Lee Sujin").id, at=LATER)
    db.session.flush()
    return world


def send(browser, address: str, data=None):
    """Post a form and go where the answer leads."""
    answer = browser.post(address, data=data)
    return browser.get(answer.headers["Location"]) if answer.status_code == 302 else answer


def tomorrow() -> str:
    return (today_in_seoul(now()) + timedelta(days=1)).isoformat()


def changes():
    return db.session.scalars(sa.select(LedgerPeriodChange).order_by(LedgerPeriodChange.id)).all()


def state_of(month):
    return db.session.get(LedgerPeriod, month).state


def change_by_two(first, second, month: str, state: str, reason: str = ""):
    """Propose and sign one step of a month; the last page."""
    place = "/en/admin/ledger/periods/"
    send(
        first,
        f"{place}{month}/changes",
        data={f"{month}-to_state": state, f"{month}-reason": reason},
    )
    return send(second, f"{place}changes/{changes()[-1].id}/approval")


def propose(browser, scope="sale", **fields):
    data = SALE | {"valid_from": tomorrow(), "reason": "The council voted"} | fields
    return send(browser, f"/en/admin/ledger/policies/{scope}/new", data=data)


# Audit


def test_an_audit_says_that_every_rule_holds_and_who_asked(whole, first):
    text = text_of(send(first, "/en/admin/ledger/audit/"))

    assert "Every rule holds." in text
    assert "asked by Dewi Lestari" in text
    assert "No part of the house checks this yet" not in text


def test_an_audit_says_where_there_was_nothing_to_look_at(whole, first):
    unseal()

    text = text_of(send(first, "/en/admin/ledger/audit/"))

    assert re.search("I13 Published seals still fit the history. .* 0 nothing to look at", text)


def test_a_breach_is_named_with_a_link_to_its_entry(whole, first, reader):
    (sale,) = entries_about("order", whole.waiting.number)
    tamper("UPDATE ledger_entries SET ref_id = 'L-OTHER' WHERE id = :id", id=sale.id)

    first.post("/en/admin/ledger/audit/")
    page = reader.get("/en/admin/ledger/audit/")

    assert f"The entry is not what was booked: its seal differs. {sale.number}" in text_of(page)
    assert f'/en/admin/ledger/{sale.id}"' in page.get_data(as_text=True)


def test_an_earlier_run_can_be_read_again(whole, first, reader):
    for _ in range(2):
        first.post("/en/admin/ledger/audit/")
    oldest = db.session.scalars(sa.select(LedgerAudit).order_by(LedgerAudit.id)).first()

    assert reader.get(f"/en/admin/ledger/audit/?run={oldest.id}").status_code == 200
    assert reader.get("/en/admin/ledger/audit/?run=999999").status_code == 404


# Conservation


def test_paid_in_is_paid_out_and_cash_in_each_currency(whole, reader):
    text = text_of(reader.get("/en/admin/ledger/conservation"))

    # Two sales of 112,000 and 212,000 won, 10,000 of a pledge; 1,200 paid to a village.
    assert "Paid in 334,000" in text
    assert "Money that left 1,200" in text
    assert text.count("Paid in = paid out + cash. Difference: 0.") == 2


def test_money_that_nobody_can_account_for_is_said_so(whole, reader):
    (sale,) = entries_about("order", whole.waiting.number)
    tamper("DELETE FROM ledger_entries WHERE id = :id", id=sale.id)

    text = text_of(reader.get("/en/admin/ledger/conservation"))

    assert "is not accounted for. The books are broken" in text


# Months


def test_a_month_is_closed_step_by_step_by_two_people(whole, first, second, reader):
    change_by_two(first, second, "2026-04", "soft")
    page = text_of(change_by_two(first, second, "2026-04", "closed"))

    assert "Signed. Both names stand on the change." in page
    assert state_of(LATER.date().replace(month=4, day=1)) is PeriodState.CLOSED
    assert "Close for good: Dewi Lestari, then Park Minseo" in text_of(
        reader.get("/en/admin/ledger/periods/")
    )


def test_whoever_proposed_a_change_does_not_sign_it(whole, first):
    text = text_of(change_by_two(first, first, "2026-04", "soft"))

    assert "Two different people must propose and approve." in text
    assert changes()[0].is_waiting


def test_a_month_is_not_closed_with_broken_books_and_the_audit_says_why(whole, first, second):
    change_by_two(first, second, "2026-04", "soft")
    (sale,) = entries_about("order", whole.waiting.number)
    tamper("UPDATE ledger_entries SET ref_id = 'L-OTHER' WHERE id = :id", id=sale.id)

    text = text_of(change_by_two(first, second, "2026-04", "closed"))

    assert "A month is closed only with clean books." in text
    assert entry_number(sale.id) in text
    assert state_of(LATER.date().replace(month=4, day=1)) is PeriodState.SOFT_CLOSED


def test_a_month_is_opened_again_only_for_a_reason_which_the_field_asks_for(whole, first, second):
    change_by_two(first, second, "2026-04", "soft")

    refused = send(
        first, "/en/admin/ledger/periods/2026-04/changes", data={"2026-04-to_state": "open"}
    )
    assert refused.status_code == 422
    assert "Reason: Write why the month is opened again." in text_of(refused)

    change_by_two(first, second, "2026-04", "open", reason="A late invoice")
    assert state_of(LATER.date().replace(month=4, day=1)) is PeriodState.OPEN


@pytest.mark.parametrize(("month", "status"), [("2026-13", 404), ("now", 404), ("2026-04-01", 404)])
def test_a_month_that_is_none_is_not_found(whole, first, month, status):
    assert first.post(f"/en/admin/ledger/periods/{month}/changes").status_code == status


def test_only_the_next_step_is_offered_and_the_others_say_what_comes_first(whole, first, second):
    lines = {"assets:bank": won(1), "equity:opening": won(-1)}
    a_posting(lines, effective_on=date(2026, 3, 31))
    place = "/en/admin/ledger/periods/"

    page = first.get(place)
    refused = send(first, f"{place}2026-04/changes", data={"2026-04-to_state": "soft"})
    after = text_of(change_by_two(first, second, "2026-03", "soft"))

    assert text_of(page).count("Soft-close 2026-03 first.") == 1
    assert text_of(page).count("waits its turn") > 1
    html = page.get_data(as_text=True)
    assert 'name="2026-03-to_state"' in html
    assert 'name="2026-04-to_state"' not in html
    assert "Soft-close 2026-03 first." in text_of(refused)
    assert "Soft-close 2026-03 first." not in after


def test_a_change_is_withdrawn(whole, first, second):
    change_by_two(first, first, "2026-04", "soft")

    text = text_of(send(second, f"/en/admin/ledger/periods/changes/{changes()[0].id}/withdrawal"))

    assert "Withdrawn. The month stays as it is." in text
    assert not changes()[0].is_waiting


# Divisions


def test_two_people_change_a_division_for_a_later_day(world, first, second):
    propose(first)
    proposal = db.session.scalars(sa.select(SplitPolicyProposal)).one()

    text = text_of(
        send(
            second,
            f"/en/admin/ledger/policies/{proposal.id}/approval",
            data={"body": proposal.body_sha256},
        )
    )

    assert "Signed. Sales from that day on are divided so." in text
    assert "Dewi Lestari, then Park Minseo" in text
    newest = db.session.scalars(sa.select(SplitPolicy).order_by(SplitPolicy.id.desc())).first()
    assert newest.parts == {"cooperative": 9_150, "service": 500, "village_share": 350}


def test_what_changed_after_it_was_read_is_not_signed(world, first, second):
    propose(first)
    proposal = db.session.scalars(sa.select(SplitPolicyProposal)).one()
    read = proposal.body_sha256
    send(
        first,
        f"/en/admin/ledger/policies/{proposal.id}/edit",
        data=SALE | {"valid_from": tomorrow(), "reason": "Counted again"},
    )

    text = text_of(
        send(second, f"/en/admin/ledger/policies/{proposal.id}/approval", data={"body": read})
    )

    assert "The proposal changed after you opened it." in text
    assert "Counted again" in text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"service": "6"}, "Cooperative: The shares must add up to 100%, not 101%."),
        ({"service": "abc"}, "Write a percentage, for example 92.5."),
        ({"service": "5.001"}, "Write a percentage with two decimals at most."),
        ({"service": "-1"}, "A share is between 0 and 100."),
        ({"valid_from": "2026-01-01"}, "Holds from: A division begins on a later day"),
        ({"valid_from": "9999-12-31"}, "Holds from: A division begins within two years"),
        ({"reason": ""}, "Why it changes: Write the reason."),
        ({"reason": " "}, "Write why the division changes"),
    ],
)
def test_a_wrong_division_is_refused_beside_its_field_and_keeps_what_was_typed(
    world, first, fields, sentence
):
    page = propose(first, **fields)

    assert page.status_code == 422
    assert sentence in text_of(page)
    assert 'value="91.5"' in page.get_data(as_text=True)
    assert db.session.scalars(sa.select(SplitPolicyProposal)).all() == []


def test_percentages_are_read_with_a_comma_too(world, first):
    propose(first, cooperative="91,5", village_share="3,5")

    assert db.session.scalars(sa.select(SplitPolicyProposal)).one().parts["cooperative"] == 9_150


def test_only_its_writer_changes_a_proposal(world, first, second):
    propose(first)
    proposal = db.session.scalars(sa.select(SplitPolicyProposal)).one()

    page = second.post(
        f"/en/admin/ledger/policies/{proposal.id}/edit",
        data=SALE | {"valid_from": tomorrow(), "reason": "Mine"},
    )

    assert page.status_code == 409
    assert "Only the person who proposed the division may change it." in text_of(page)


def test_the_tester_divides_to_the_won_as_a_sale_does(world, reader):
    text = text_of(reader.get("/en/admin/ledger/policies/?amount=33,333&on=2026-04-18"))

    assert "Cooperative 30,666 Service and payment 1,667 Village share 1,000" in text
    assert "fund 700 Training and mentoring fund 150 Youth ambassador fund 100" in text
    assert "Reserve for refunds 50" in text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("amount=much", "Write whole won, for example 2500000."),
        ("amount=33.5", "Write whole won, for example 2500000."),
        ("amount=0", "Write whole won above zero"),
        ("amount=100&on=2019-01-01", "No division was in force on that day yet."),
    ],
)
def test_the_tester_says_what_it_cannot_divide(world, reader, query, sentence):
    page = reader.get(f"/en/admin/ledger/policies/?{query}")

    assert page.status_code == 200
    assert sentence in text_of(page)


def test_a_division_that_changes_nothing_or_meets_another_is_refused(world, first, second):
    same = propose(first, cooperative="92", service="5", village_share="3")
    propose(first)
    meeting = propose(second)

    assert "Cooperative: That day is divided so already." in text_of(same)
    assert "Holds from: Another proposal for that day waits." in text_of(meeting)
    assert db.session.query(SplitPolicyProposal).count() == 1


# Funds


def test_funds_show_what_came_what_is_committed_and_what_is_free(world, reader):
    text = text_of(reader.get("/en/admin/funds/"))

    # 2,100 came and went to the program; of 5,000 set aside 1,200 is paid, 900 of it village share.
    assert re.search(
        r"Village program fund In, 12 months 2,100 Out, 12 months 2,100"
        r" Committed to programs 900 Free 0",
        text,
    )
    assert re.search(
        r"company pledges In, 12 months 10,000 Out, 12 months 2,900"
        r" Committed to programs 2,900 Free 7,100",
        text,
    )
    assert "At that pace the free money lasts 29.4 months." in text
    assert "Nothing was spent in 12 months." in text


@pytest.mark.parametrize(
    ("place", "most"),
    [
        ("ledger/audit/", 8),
        ("ledger/conservation", 7),
        ("ledger/periods/", 8),
        ("ledger/policies/", 9),
        ("funds/", 14),
        ("ledger/seals/", 10),
    ],
)
def test_pages_ask_few_questions(reader, world, statements, place, most):
    reader.get(f"/en/admin/{place}")
    statements.clear()

    reader.get(f"/en/admin/{place}")

    assert len(statements) <= most, "\n\n".join(statements)


def test_the_worker_audits_once_a_day(whole):
    from marketplace.admin.commands import audit_daily

    assert (audit_daily(), audit_daily()) == (1, 0)
    assert db.session.scalars(sa.select(LedgerAudit)).one().breaches == 0


def test_the_command_names_each_breach_and_fails(app, whole):
    runner = app.test_cli_runner()
    clean = runner.invoke(args=["ledger", "audit"])
    (sale,) = entries_about("order", whole.waiting.number)
    tamper("UPDATE ledger_entries SET ref_id = 'L-OTHER' WHERE id = :id", id=sale.id)
    broken = runner.invoke(args=["ledger", "audit"])

    assert clean.exit_code == 0, clean.output
    assert re.search(r"I1 +Sums of entries +\d+ +0\n", clean.output)
    assert broken.exit_code == 1
    assert f"{sale.number}: The entry is not what was booked" in broken.output


def test_months_changed_meanwhile_are_not_signed(whole, first, second):
    month = LATER.date().replace(month=4, day=1)
    change = propose_period_change(month, PeriodState.SOFT_CLOSED, by=1, at=now())
    approve_period_change(change, by=2, at=now())

    text = text_of(send(second, f"/en/admin/ledger/periods/changes/{change.id}/approval"))

    assert "This change of the month is decided already." in text


def test_what_waits_for_a_second_person_stands_at_home(world, first, reader):
    assert "No month, no division and no entry is waiting." in text_of(reader.get("/en/admin/"))

    propose(first)
    first.post("/en/admin/ledger/periods/2026-04/changes", data={"2026-04-to_state": "soft"})

    text = text_of(reader.get("/en/admin/"))
    assert "2026-04 Soft-close" in text
    assert "Goods of a sale from " in text


def test_the_second_person_sees_what_changes(world, first, reader):
    propose(first)

    text = text_of(reader.get("/en/admin/ledger/policies/"))

    assert "91.5%, today 92% Service and payment 5% Village share 3.5%, today 3%" in text


# Open rupiah at the end of a month


def the_month_ends_at(rate: str) -> None:
    set_rate("KRW", "IDR", date(2026, 4, 30), Decimal(rate), source="test")


def test_the_months_say_what_soft_closing_books_for_open_rupiah_and_what_was_booked(
    whole, first, second, reader
):
    the_month_ends_at("11.60")
    place = "/en/admin/ledger/periods/"

    before = text_of(reader.get(place))
    after = text_of(change_by_two(first, second, "2026-04", "soft"))

    entry = db.session.scalars(sa.select(LedgerEntry).filter_by(kind="revaluation")).one()
    lost = balance("expenses:fx:krw", date(2026, 4, 30))
    assert "1 won = 11.6000 rupiah (30 Apr 2026)" in before
    assert f"Soft-closing books a loss of ₩{lost.minor:,}, and takes it back" in before
    assert f"Revaluation {entry_number(entry.id)}" in after
    shown = text_of(reader.get(f"/en/admin/ledger/{entry.id}"))
    assert "Open rupiah at the rate at the end of 2026-04" in shown


def test_without_a_rate_a_month_with_open_rupiah_is_not_soft_closed_and_the_page_says_so(
    whole, first, second, reader
):
    db.session.query(ExchangeRate).filter_by(base="KRW", quote="IDR").delete()
    rates.forget()

    refused = text_of(change_by_two(first, second, "2026-04", "soft"))

    assert "There is no exchange rate from KRW to IDR yet." in refused
    assert "Until there is a rate of the month's end, this month stays open." in refused
    assert state_of(date(2026, 4, 1)) is PeriodState.OPEN
    assert db.session.query(LedgerEntry).filter_by(kind="revaluation").count() == 0
