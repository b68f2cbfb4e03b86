"""An administrator follows money from an order to the bank's line and back, page by page."""

import re
from datetime import date

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.queries import entries_about, entry_number
from marketplace.payments.bank import match_bank_lines
from marketplace.payments.models import BankLine, BankStatement, ReconMatch, StripeLine
from marketplace.reinvestment.models import Disbursement
from marketplace.reinvestment.operations import finish_program, propose_disbursement
from marketplace.reinvestment.queries import (
    follow_order,
    follow_pledge,
    list_lots_of,
    list_payers,
    list_sources,
)
from marketplace.reinvestment.queries.overview import list_funds, list_given
from tests.factories import saved
from tests.openbook.conftest import LATER
from tests.reinvestment.world import a_program, a_share, an_admin, approved, paid


def a_bank_line(minor: int, reference: str) -> BankLine:
    statement = saved(
        BankStatement(
            path="assets:bank-trust",
            account_number="0001",
            currency="KRW",
            file_name="trust.csv",
            file_sha256="0" * 64,
            opening_minor=0,
            closing_minor=minor,
            first_on=LATER.date(),
            last_on=LATER.date(),
            line_count=1,
            new_count=1,
            imported_by=an_admin().id,
            imported_at=LATER,
        )
    )
    return saved(
        BankLine(
            statement_id=statement.id,
            path="assets:bank-trust",
            reference=reference,
            on=LATER.date(),
            minor=minor,
            nth=1,
            currency="KRW",
            text="Transfer",
        )
    )


@pytest.fixture
def payment(world):
    return db.session.query(Disbursement).one()


@pytest.fixture
def line(payment):
    """The bank's line of the world's payment, matched."""
    line = a_bank_line(-payment.minor, payment.number)
    match_bank_lines(by=an_admin().id, at=LATER)
    return line


def links_of(response):
    return set(re.findall(r'href="/en/admin/([^"]+)"', response.get_data(as_text=True)))


def text_of(response):
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_an_order_leads_to_the_banks_line(reader, world, payment, line):
    order = reader.get(f"/en/admin/orders/{world.delivered.number}")

    links = links_of(order)
    allocation = entries_about("program", world.program.number)[0]
    assert {
        "ledger/accounts/funds:village:training:krw",
        f"ledger/{allocation.id}",
        f"programs/{world.program.number}",
        f"programs/{world.program.number}#d-{payment.number}",
        f"ledger/{payment.entry_id}",
        f"reconciliation/bank/{line.id}",
    } <= links
    for page in sorted(links):
        assert reader.get(f"/en/admin/{page}").status_code == 200


def test_the_banks_line_leads_to_the_orders(reader, world, payment, line):
    page = reader.get(f"/en/admin/reconciliation/bank/{line.id}")

    assert {
        f"ledger/{payment.settlement_entry_id}",
        f"programs/{world.program.number}",
        f"orders/{world.delivered.number}",
    } <= links_of(page)
    assert "Together, 1 share 1,200" in text_of(page)


def test_a_line_of_stripe_and_the_sale_lead_to_each_other(reader, world):
    sale = entries_about("order", world.delivered.number)[0]
    line = saved(
        StripeLine(
            id="txn_1",
            kind="charge",
            category="charge",
            source_id="ch_1",
            currency="KRW",
            gross_minor=112_000,
            fee_minor=0,
            net_minor=112_000,
            created_at=LATER,
            raw="{}",
            seen_at=LATER,
        )
    )
    saved(ReconMatch(stripe_line_id=line.id, part="gross", entry_id=sale.id, line_no=1, at=LATER))

    page = reader.get("/en/admin/reconciliation/stripe/txn_1")

    assert {f"ledger/{sale.id}", f"programs/{world.program.number}"} <= links_of(page)
    entry = reader.get(f"/en/admin/ledger/{sale.id}")
    assert "reconciliation/stripe/txn_1" in links_of(entry)


def test_every_entry_of_the_chain_leads_both_ways(reader, world, payment, line):
    order, program = f"orders/{world.delivered.number}", f"programs/{world.program.number}"
    release = entries_about("order", world.delivered.number)[-1]
    allocation = entries_about("program", world.program.number)[0]
    received = entries_about("pledge", world.pledge.number)[-1]

    def links(entry_id):
        return links_of(reader.get(f"/en/admin/ledger/{entry_id}"))

    assert {program, f"reconciliation/bank/{line.id}"} <= links(release.id)
    assert {order, f"pledges/{world.pledge.number}"} <= links(allocation.id)
    assert {order, program} <= links(payment.entry_id)
    assert {order, program, f"reconciliation/bank/{line.id}"} <= links(payment.settlement_entry_id)
    assert program in links(received.id)


def test_a_program_and_its_payments_list_every_share(reader, world, payment):
    program = f"/en/admin/programs/{world.program.number}"

    whole = reader.get(f"{program}/shares/")
    part = reader.get(f"{program}/shares/?part={payment.number}")

    assert f"programs/{world.program.number}/shares/" in links_of(reader.get(program))
    assert {f"orders/{world.delivered.number}", f"pledges/{world.pledge.number}"} <= links_of(whole)
    assert "Together, 2 shares 5,000 1,200" in text_of(whole)
    assert "Together, 1 share 1,200" in text_of(part)
    assert "Together they are the payment, to the won." in text_of(part)
    assert reader.get(f"{program}/shares/?part=P-0-9").status_code == 404


def test_the_shares_of_a_program_can_be_taken_along(reader, world):
    shares = f"/en/admin/programs/{world.program.number}/shares/"

    with reader.get(f"{shares}download.csv") as file:
        assert f"Order {world.delivered.number}" in file.get_data(as_text=True)
    with reader.get(f"{shares}download.xlsx") as file:
        assert file.status_code == 200


def test_a_pledge_leads_to_its_programs(reader, world):
    page = reader.get(f"/en/admin/pledges/{world.pledge.number}")

    assert f"programs/{world.program.number}" in links_of(page)
    assert follow_pledge(world.pledge.number).trace.total == won(10_000)


def test_funds_lead_to_their_programs(reader, world):
    page = reader.get("/en/admin/funds/")

    given = list_given()
    assert f"programs/{world.program.number}" in links_of(page)
    for fund in list_funds(date(2026, 6, 1)):
        amounts = [row.amount for row in given.get(fund.path, ())]
        assert sum(amounts, won(0)) == fund.committed + fund.paid


def test_sums_agree_in_both_directions(world):
    for number in range(6):
        a_share(700 + number, order=f"T-{number}")
    second = approved(a_program(3_000))
    payments = [paid(second, 1_100), paid(second, 900), paid(second, 300)]
    orders = [world.delivered.number, *(f"T-{number}" for number in range(6))]
    followed = [follow_order(number) for number in orders]

    def from_orders(payment):
        parts = [part for one in followed for hit in one.reached for part in hit.parts]
        return sum((p.amount for p in parts if p.disbursement.id == payment.id), won(0))

    for payment in payments:
        payers = list_payers(payment)
        of_pledges = [row.paid for row in payers.rows if row.kind == "pledge"]
        assert payers.paid == sum((row.paid for row in payers.rows), won(0)) == payment.amount
        assert from_orders(payment) + sum(of_pledges, won(0)) == payment.amount
        assert [
            list_payers(payment, limit=1, offset=place).rows[0] for place in range(payers.count)
        ] == list(payers.rows)
    for one in followed:
        assert all(sum(hit.funds.values(), won(0)) == hit.amount for hit in one.reached)
        free = sum((fund.free for fund in one.trace.funds), won(0))
        unpaid = sum((hit.unpaid for hit in one.reached), won(0))
        assert one.trace.held + free + one.paid + unpaid == one.trace.total
    assert list_sources(second).amount == won(3_000)
    assert list_sources(second).paid == won(2_300)


def test_what_was_allocated_and_given_back_is_the_sum_of_its_lots(world):
    finish_program(world.program, by=an_admin().id, at=LATER)
    entries = {entry.kind: entry for entry in entries_about("program", world.program.number)}

    assert list_lots_of(entries["allocation"].id).amount == won(5_000)
    assert list_lots_of(entries["allocation_returned"].id).amount == won(-3_800)


def test_nothing_paid_what_is_not_released(world):
    waiting = propose_disbursement(
        world.program, won(100), purpose="Tahap 2", by=an_admin().id, at=LATER
    )

    assert list_payers(waiting).rows == ()


def test_following_an_order_takes_seven_queries(world, line, statements):
    db.session.expire_all()
    number = world.delivered.number
    statements.clear()

    found = follow_order(number)

    assert found.bank_line(found.reached[0].parts[0].disbursement) == line
    assert len(statements) == 7


def test_finding_whose_money_a_payment_was_takes_two(payment, statements):
    statements.clear()

    list_payers(payment)

    assert len(statements) == 2


@pytest.mark.parametrize(
    "page", ["programs/{program}/shares/", "programs/{program}/shares/download.csv"]
)
def test_strangers_do_not_see_whose_money_it_was(client, world, page):
    assert client.get(f"/en/admin/{page.format(program=world.program.number)}").status_code in {
        302,
        401,
    }


def test_the_public_page_still_names_no_order(client, world, line):
    page = client.get(f"/en/programs/{world.program.slug}").get_data(as_text=True)

    assert world.delivered.number not in page
    assert entry_number(entries_about("order", world.delivered.number)[-1].id) in page
