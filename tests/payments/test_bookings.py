"""Lines of banks that no other page books: fees and carriers' invoices, by two people."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from marketplace.accounts.models import Role
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.ledger.errors import SelfApproval
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance, get_entry
from marketplace.ledger.queries.audits import run_checks
from marketplace.orders.errors import (
    FreightElsewhere,
    FreightPaid,
    InvoicePaid,
    NotOnOurBooks,
    NotSentBy,
    ParcelTwice,
)
from marketplace.orders.models import PaidFreight
from marketplace.payments.bank import import_statements
from marketplace.payments.bookings import approve_booking, propose_booking, withdraw_booking
from marketplace.payments.errors import (
    AlreadyMatched,
    BookingDecided,
    BookingStale,
    BookingWaiting,
    MoneyCame,
    MoneyLeft,
    NotAKindOfLine,
)
from marketplace.payments.models import BankBooking, BankLine, ReconMatch
from marketplace.payments.recon_queries import count_unmatched_bank_lines
from tests.factories import a_posting, a_user
from tests.ledger.tampering import tamper
from tests.orders.payouts import refunded
from tests.orders.test_pages import sign_in
from tests.orders.world import a_paid_order, shipped, the_parcel
from tests.payments.statements import TRUST, a_csv

pytestmark = pytest.mark.usefixtures("database")

HERE = "/en/admin/reconciliation"
FEE = {"what": "Account fee of May"}


@pytest.fixture
def first(database):
    return a_user("Dewi Lestari", roles=(Role.ADMIN,), locale="en")


@pytest.fixture
def second(database):
    return a_user("Park Minseo", roles=(Role.ADMIN,), locale="en")


@pytest.fixture
def line(app, first):
    """A line of the bank over an amount, read from a statement."""

    def read(amount, reference="FT-1", text="Bank", **more):
        accounts = app.config["LUMBUNG"].bank_accounts
        body = a_csv((amount, reference, text), **more)
        import_statements(body, "statement", accounts=accounts, by=first.id, at=now())
        return db.session.query(BankLine).filter_by(reference=reference).one()

    return read


@pytest.fixture
def propose(first):
    return lambda line, kind="bank_fee", facts=FEE: propose_booking(
        line, kind, facts, by=first.id, at=now()
    )


@pytest.fixture
def sign(second):
    def run(booking, *, by=second, body=None):
        body = body or booking.body_sha256
        return approve_booking(booking, by=by.id, body_sha256=body, at=now())

    return run


def a_sent_parcel():
    """A parcel on its way, whose buyer paid 12,000 won for freight."""
    order = a_paid_order(at=now())
    return order, shipped(the_parcel(order), at=now())


def an_invoice(*parcels, number="EMS-2605", carrier="pos-ems"):
    return {
        "carrier": carrier,
        "invoice": number,
        "parcels": "\n".join(parcel.number for parcel in parcels),
    }


def entries():
    return db.session.query(LedgerEntry).count()


def broken(rule):
    return [b for result in run_checks(now()) if result.rule == rule for b in result.breaches]


def test_a_fee_is_booked_and_its_line_matched(line, propose, sign, first, second):
    booking = propose(line(-3_000))

    entry = get_entry(sign(booking))

    assert (entry.proposed_by, entry.approved_by) == (first.id, second.id)
    assert balance("expenses:bank-fee:krw") == won(3_000)
    assert balance("assets:bank:krw") == won(-3_000)
    assert count_unmatched_bank_lines() == 0
    match = db.session.query(ReconMatch).one()
    assert (match.entry_id, match.by_user_id) == (entry.id, second.id)
    assert broken("I16") == []


def test_a_fee_of_the_trust_account_leaves_that_account(line, propose, sign):
    a_posting({"assets:bank-trust": won(9_000), "equity:opening": won(-9_000)})

    sign(propose(line(-3_000, account=TRUST)))

    assert balance("assets:bank-trust:krw") == won(6_000)
    assert count_unmatched_bank_lines() == 0


def test_a_fee_that_the_bank_gives_back_is_no_income(line, propose, sign):
    sign(propose(line(1_000), "bank_fee_returned"))

    assert balance("expenses:bank-fee:krw") == won(-1_000)
    assert count_unmatched_bank_lines() == 0


def test_signing_twice_books_once(line, propose, sign):
    booking = propose(line(-3_000))
    sign(booking)

    with pytest.raises(BookingDecided):
        sign(booking)
    assert balance("expenses:bank-fee:krw") == won(3_000)


def test_what_is_said_of_the_wrong_line_is_refused_and_nothing_is_written(line, propose):
    left, came = line(-3_000, "FT-1"), line(1_000, "FT-2")
    parcel = a_sent_parcel()[1]
    before = entries()
    for row, kind, facts, error in (
        (came, "bank_fee", FEE, MoneyCame),
        (left, "bank_fee_returned", FEE, MoneyLeft),
        (came, "carrier_invoice", an_invoice(parcel), MoneyCame),
        (left, "party", FEE, NotAKindOfLine),
    ):
        with pytest.raises(error):
            propose(row, kind, facts)

    assert db.session.query(BankBooking).count() == 0
    assert entries() == before


def test_nobody_signs_what_they_said_and_what_was_read_must_be_what_is_signed(
    line, propose, sign, first
):
    booking = propose(line(-3_000))

    with pytest.raises(SelfApproval):
        sign(booking, by=first)
    with pytest.raises(BookingStale):
        sign(booking, body="0" * 64)
    assert entries() == 0
    assert count_unmatched_bank_lines() == 1


def test_a_line_is_said_once_until_that_is_withdrawn(line, propose, sign, second):
    row = line(-3_000)
    booking = propose(row)
    with pytest.raises(BookingWaiting):
        propose(row)

    withdraw_booking(booking, by=second.id, at=now())

    with pytest.raises(BookingDecided):
        sign(booking)
    sign(propose(row))
    with pytest.raises(AlreadyMatched):
        propose(row)


def test_a_line_that_found_its_place_meanwhile_is_not_booked_again(app, line, propose, sign, first):
    row = line(-3_000)
    booking = propose(row)
    a_posting({"expenses:bank-fee": won(3_000), "assets:bank": won(-3_000)}, memo="FT-1")
    line(-5, "FT-2")

    with pytest.raises(AlreadyMatched):
        sign(booking)
    assert balance("expenses:bank-fee:krw") == won(3_000)


def test_an_entry_that_nobody_signed_is_named_by_the_audit(line, propose, sign):
    entry_id = sign(propose(line(-3_000)))
    lone = a_posting(
        {"expenses:bank-fee": won(5), "assets:bank": won(-5)}, kind="bank_fee", proposed_by=1
    )

    assert [breach.entry_id for breach in broken("I16")] == [lone]
    assert entry_id != lone


@pytest.mark.parametrize(("asked", "variance"), [(11_400, -600), (12_500, 500)])
def test_a_carriers_invoice_ends_what_we_owe_for_its_parcels(line, propose, sign, asked, variance):
    _, parcel = a_sent_parcel()

    sign(propose(line(-asked), "carrier_invoice", an_invoice(parcel)))

    assert balance("liabilities:shipping:krw") == won(0)
    assert balance("income:shipping-variance:krw") == won(variance)
    assert balance("assets:bank:krw") == won(-asked)
    assert count_unmatched_bank_lines() == 0
    assert db.session.query(PaidFreight).one().minor == 12_000


def test_parcels_are_found_by_the_carriers_number_too(line, propose, sign):
    _, parcel = a_sent_parcel()
    facts = an_invoice(parcel) | {"parcels": f" {parcel.tracking_number.lower()};"}

    sign(propose(line(-11_400), "carrier_invoice", facts))

    assert db.session.query(PaidFreight).one().parcel_id == parcel.id


def test_each_fault_of_an_invoice_is_refused_by_its_own_error(line, propose, sign):
    _, parcel = a_sent_parcel()
    waiting = the_parcel(a_paid_order(at=now()))
    row = line(-11_400)
    for facts, error in (
        (an_invoice(parcel) | {"parcels": "L-NOWHERE-1"}, NotOnOurBooks),
        (an_invoice(parcel) | {"parcels": " ;, "}, NotOnOurBooks),
        (an_invoice(parcel, parcel), ParcelTwice),
        (
            an_invoice(parcel) | {"parcels": f"{parcel.number} {parcel.tracking_number}"},
            ParcelTwice,
        ),
        (an_invoice(parcel, carrier="dhl"), NotSentBy),
        (an_invoice(waiting), NotSentBy),
    ):
        with pytest.raises(error):
            propose(row, "carrier_invoice", facts)
    with pytest.raises(FreightElsewhere):
        propose(line(-11_400, "FT-T", account=TRUST), "carrier_invoice", an_invoice(parcel))
    sign(propose(row, "carrier_invoice", an_invoice(parcel)))

    again = line(-11_500, "FT-2")
    with pytest.raises(FreightPaid):
        propose(again, "carrier_invoice", an_invoice(parcel, number="EMS-2606"))
    other = a_sent_parcel()[1]
    with pytest.raises(InvoicePaid):
        propose(again, "carrier_invoice", an_invoice(other, number="ems-2605"))
    assert count_unmatched_bank_lines() == 2


def test_freight_given_back_before_the_signature_makes_the_proposal_stale(line, propose, sign):
    order, parcel = a_sent_parcel()
    row = line(-11_400)
    booking = propose(row, "carrier_invoice", an_invoice(parcel))
    refunded(order, 112_000)

    with pytest.raises(BookingStale):
        sign(booking)
    assert count_unmatched_bank_lines() == 1


def test_freight_given_back_after_the_carrier_was_paid_is_lost(line, propose, sign):
    order, parcel = a_sent_parcel()
    sign(propose(line(-11_400), "carrier_invoice", an_invoice(parcel)))

    refunded(order, 112_000)

    assert balance("liabilities:shipping:krw") == won(0)
    assert balance("expenses:shipping-loss:krw") == won(12_000)
    assert broken("I7") == []


def test_what_was_decided_about_a_line_stays(line, propose, sign):
    _, parcel = a_sent_parcel()
    sign(propose(line(-11_400), "carrier_invoice", an_invoice(parcel)))
    for statement in (
        "UPDATE bank_bookings SET memo = 'x'",
        "DELETE FROM bank_bookings",
        "UPDATE paid_freights SET minor = 0",
        "DELETE FROM paid_freights",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="ledger"), db.session.begin_nested():
            db.session.execute(sa.text(statement))


def sent(client, address, data=None):
    """Where the form leads."""
    return client.get(client.post(address, data=data).headers["Location"])


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


def test_two_people_book_an_invoice_in_the_browser(client, line, first, second):
    _, parcel = a_sent_parcel()
    row = line(-11_400, "FT-7", "Pos Indonesia")
    sign_in(client, first)
    assert "Carrier&#39;s invoice" in client.get(f"{HERE}/bank/{row.id}").text
    address = f"{HERE}/bank/{row.id}/bookings/carrier_invoice"
    assert client.get(address).status_code == 200

    client.post(address, data=an_invoice(parcel))

    booking = db.session.query(BankBooking).one()
    page = text_of(client.get(f"{HERE}/bookings/{booking.id}"))
    assert "Waits for a colleague." in page
    assert "Left over ₩600" in page
    assert "waits for the second signature" in text_of(client.get(f"{HERE}/"))
    sign_in(client, second)
    assert "Carrier&#39;s invoice: −₩11,400" in client.get("/en/admin/").text
    client.post(f"{HERE}/bookings/{booking.id}/approval", data={"body": booking.body_sha256})

    assert count_unmatched_bank_lines() == 0
    assert "Park Minseo" in text_of(client.get(f"{HERE}/bookings/{booking.id}"))
    assert "This line is in the books." in text_of(client.get(f"{HERE}/bank/{row.id}"))


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(client, line, first, language):
    _, parcel = a_sent_parcel()
    row = line(-11_400)
    sign_in(client, first)
    address = f"/{language}/admin/reconciliation/bank/{row.id}/bookings"
    for field, facts in (
        ("parcels", an_invoice(parcel) | {"parcels": "L-NOWHERE-1"}),
        ("parcels", an_invoice(parcel, parcel)),
        ("parcels", an_invoice()),
        ("invoice", an_invoice(parcel, number=" ")),
        ("carrier", an_invoice(parcel, carrier="ufo")),
    ):
        answer = client.post(f"{address}/carrier_invoice", data=facts)
        assert answer.status_code == 422
        assert f'id="{field}-error-1"' in answer.text
    answer = client.post(f"{address}/carrier_invoice", data=an_invoice(parcel, parcel))
    assert answer.text.count(parcel.number) >= 2
    assert client.post(f"{address}/bank_fee", data={"what": " "}).status_code == 422
    assert client.post(f"{address}/bank_fee_returned", data=FEE).status_code == 422
    assert client.post(f"{address}/party", data=FEE).status_code == 404
    assert db.session.query(BankBooking).count() == 0


def test_signing_a_booking_asks_once_more(client, line, propose):
    booking = propose(line(-3_000))
    sign_in(client, a_user("Second", roles=(Role.ADMIN,), locale="en"))

    page = client.get(f"{HERE}/bookings/{booking.id}").get_data(as_text=True)

    before, _, asked = page.partition("/approval")[2].partition("</summary>")
    assert "Sign and book" in before
    assert re.findall(r"<button[^>]*>", before) == ["<button disabled hidden>"]
    assert "Yes, sign and book" in asked


def test_auditors_see_what_waits_and_change_nothing(client, line, propose):
    booking = propose(line(-3_000))
    sign_in(client, a_user("Auditor", roles=(Role.AUDITOR,), locale="en"))

    page = text_of(client.get(f"{HERE}/bookings/{booking.id}"))

    assert "Account fee of May" in page
    assert "Sign and book" not in page
    for address in (
        f"bookings/{booking.id}/approval",
        f"bookings/{booking.id}/withdrawal",
        f"bank/{booking.bank_line_id}/bookings/bank_fee",
    ):
        assert client.post(f"{HERE}/{address}", data=FEE).status_code == 403
    assert booking.is_waiting


def test_a_wrong_signature_says_why_and_a_withdrawn_proposal_stays(client, line, propose, second):
    booking = propose(line(-3_000))
    sign_in(client, second)

    refused = sent(client, f"{HERE}/bookings/{booking.id}/approval", {"body": "x"})
    gone = sent(client, f"{HERE}/bookings/{booking.id}/withdrawal")

    assert "has changed since it was proposed" in text_of(refused)
    assert "Withdrawn by Park Minseo" in text_of(gone)
    assert client.get(f"{HERE}/bookings/999999").status_code == 404


def test_a_changed_proposal_is_not_signed(line, propose, sign):
    booking = propose(line(-3_000))
    read = booking.body_sha256
    tamper("UPDATE bank_bookings SET memo = 'Bank fee: something else'")
    db.session.expire_all()

    with pytest.raises(BookingStale):
        sign(booking, body=read)
