"""Payouts on pages: the staff's, the cooperative's, and the file for the bank."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import event

from marketplace.accounts.models import Role
from marketplace.cooperatives.models import MemberRole
from marketplace.cooperatives.queries import find_bank_account
from marketplace.kernel.config import ConfigError, read_config
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import balance
from marketplace.orders.bankfile import NAMESPACE, bank_text
from marketplace.orders.models import Payout, PayoutBatch, PayoutState
from marketplace.orders.operations import cancel_batch, reject_payout
from tests.conftest import ROOT
from tests.factories import a_cooperative, a_member, a_user
from tests.orders.payouts import (
    ACCOUNT,
    a_market_with_a_released_order,
    a_released_order,
    a_shop,
    an_account,
    an_admin,
    gathered,
    refunded,
    sent,
    settled,
    signed,
)
from tests.orders.test_pages import sign_in
from tests.orders.world import a_market, the_parcel
from tests.stages import Stage, here

pytestmark = pytest.mark.usefixtures("database")

HERE = "/en/admin/payouts"


@pytest.fixture
def stage(request, stages) -> Stage:
    begun = "order" in request.fixturenames
    return stages(a_market_with_a_released_order if begun else a_market)


@pytest.fixture
def order(database, stage):
    return here(stage.things)


@pytest.fixture
def cooperative(order):
    return the_parcel(order).cooperative


@pytest.fixture
def admin(client):
    user = an_admin("Admin")
    sign_in(client, user)
    return user


def text_of(answer):
    return answer.get_data(as_text=True)


def batch():
    return db.session.query(PayoutBatch).one()


def test_an_admin_gathers_and_a_colleague_signs(client, order, cooperative, admin):
    page = text_of(client.get(f"{HERE}/"))
    assert f'name="cooperative" value="{cooperative.id}" checked' in page
    assert "1,085,600" in page

    answer = client.post(f"{HERE}/", data={"cooperative": [cooperative.id], "form_key": "one"})
    again = client.post(f"{HERE}/", data={"cooperative": [cooperative.id], "form_key": "one"})
    assert answer.location == again.location
    assert "a colleague has to sign it" in text_of(client.get(answer.location))

    sign_in(client, an_admin("Colleague"))
    page = text_of(client.get(answer.location))
    body = re.search(r'name="body"[^>]*value="([0-9a-f]{64})"', page).group(1)
    answer = client.post(
        f"{HERE}/batches/{batch().number}/release", data={"body": body, "checked": "y"}
    )

    assert answer.status_code == 302
    page = text_of(client.get(answer.location))
    assert "bank-file.csv" in page
    assert "Colleague" in page
    assert balance("assets:payout-transit:idr") == rupiah(-1_085_600)


@pytest.mark.parametrize("data", [{}, {"cooperative": ["999999"]}, {"cooperative": ["x"]}])
def test_gathering_nothing_is_asked_for_again(client, order, admin, data):
    answer = client.post(f"{HERE}/", data=data)

    assert answer.status_code == 422
    assert "errsum" in text_of(answer)
    assert db.session.query(PayoutBatch).count() == 0


def test_a_choice_is_kept_when_somebody_else_was_faster(client, order, cooperative, admin):
    other = the_parcel(a_released_order()).cooperative
    gathered(cooperative_ids=[cooperative.id])

    answer = client.post(f"{HERE}/", data={"cooperative": [cooperative.id, other.id]})

    assert answer.status_code == 422
    assert f"{cooperative.name} cannot be paid any more" in text_of(answer)
    assert f'value="{other.id}" checked' in text_of(answer)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda batch, me: setattr(batch, "proposed_by", me.id), "gathered this batch yourself"),
        (lambda batch, me: signed(batch), "already released"),
        (lambda batch, me: cancel_batch(batch, by=me.id, at=now()), "was canceled"),
        (lambda batch, me: an_account(batch.payouts[0].cooperative, number="9" * 15), "changed"),
    ],
    ids=["own", "released", "canceled", "changed"],
)
def test_a_signature_that_comes_too_late_is_explained_on_the_page(
    client, order, admin, spoil, sentence
):
    waiting = gathered()
    spoil(waiting, admin)
    db.session.flush()
    booked = balance("assets:payout-transit:idr")

    answer = client.post(
        f"{HERE}/batches/{waiting.number}/release",
        data={"body": waiting.body_sha256, "checked": "y"},
    )

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert balance("assets:payout-transit:idr") == booked


def test_signing_unread_is_asked_for_again(client, order, admin):
    waiting = gathered()

    answer = client.post(
        f"{HERE}/batches/{waiting.number}/release", data={"body": waiting.body_sha256}
    )

    assert answer.status_code == 422
    assert batch().released_by is None


def test_a_waiting_batch_is_canceled_by_anybody_of_the_staff(client, order, admin):
    waiting = gathered()

    answer = client.post(f"{HERE}/batches/{waiting.number}/cancellation")

    assert "Nothing was paid" in text_of(client.get(answer.location))
    assert batch().canceled_by == admin.id


def test_settling_needs_all_of_the_bank_line(client, order, admin):
    (payout,) = sent()
    form = {
        "settle-on": today_in_seoul(now()).isoformat(),
        "settle-paid": "93586",
        "settle-fee": "2500",
        "settle-reference": "FT26330ABC",
    }

    for name, wrong in (
        ("on", ""),
        ("on", "2999-01-01"),
        ("paid", "0"),
        ("paid", "935860"),
        ("fee", ""),
        ("reference", " "),
    ):
        answer = client.post(
            f"{HERE}/{payout.number}/settlement", data=form | {f"settle-{name}": wrong}
        )
        assert answer.status_code == 422
        assert f'href="#settle-{name}"' in text_of(answer)
        assert 'value="FT26330ABC"' in text_of(answer) or name == "reference"
    assert balance("assets:bank:krw") == won(0)

    answer = client.post(f"{HERE}/{payout.number}/settlement", data=form)

    page = text_of(client.get(answer.location))
    assert "Loss on exchange" in page
    assert "1,586" in page
    assert "FT26330ABC" in page
    assert balance("assets:bank:krw") == won(-96_086)


def test_a_rejection_needs_its_reason(client, order, admin):
    (payout,) = sent()

    refused = client.post(f"{HERE}/{payout.number}/rejection", data={"reject-reason": ""})
    answer = client.post(
        f"{HERE}/{payout.number}/rejection", data={"reject-reason": "Rekening ditutup"}
    )

    assert refused.status_code == 422
    assert "Rekening ditutup" in text_of(client.get(answer.location))
    assert payout_now(payout).state is PayoutState.REJECTED
    again = client.post(f"{HERE}/{payout.number}/settlement", data={})
    assert again.status_code == 422


def payout_now(payout):
    return db.session.get(Payout, payout.id, populate_existing=True)


@pytest.mark.parametrize("kind", ["csv", "xml"])
def test_the_bank_file_comes_only_after_the_second_signature(client, order, admin, kind):
    waiting = gathered()
    url = f"{HERE}/batches/{waiting.number}/bank-file.{kind}"
    assert client.get(url).status_code == 409

    signed(waiting)

    answer = client.get(url)
    assert answer.status_code == 200
    assert ACCOUNT in text_of(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"{waiting.number}.{kind}" in answer.headers["Content-Disposition"]


def test_the_table_for_the_bank_has_one_line_for_each_payout(client, order, cooperative, admin):
    other = the_parcel(a_released_order()).cooperative
    refunded(order, 1_000)
    payouts = sent()

    answer = client.get(f"{HERE}/batches/{payouts[0].batch.number}/bank-file.csv")

    rows = list(csv.DictReader(io.StringIO(text_of(answer))))
    assert [row["Referensi"] for row in rows] == [payout.number for payout in payouts]
    assert {row["Nomor Rekening"] for row in rows} == {ACCOUNT}
    assert {(row["Kode Bank"], row["BIC"]) for row in rows} == {("002", "BRINIDJA")}
    assert sorted(int(row["Jumlah"]) for row in rows) == sorted(
        payout.minor // 100 for payout in payouts
    )
    assert {payout.cooperative_id for payout in payouts} == {cooperative.id, other.id}


def test_the_iso_file_names_sums_and_numbers_of_the_ledger(client, order, admin):
    a_released_order()
    payouts = sent()
    number = payouts[0].batch.number

    answer = client.get(f"{HERE}/batches/{number}/bank-file.xml")

    root = ET.fromstring(answer.get_data())

    def texts(path):
        return [found.text for found in root.findall(path.replace("/", "/p:"), {"p": NAMESPACE})]

    assert texts("./CstmrCdtTrfInitn/GrpHdr/MsgId") == [number]
    assert texts("./CstmrCdtTrfInitn/GrpHdr/NbOfTxs") == ["2"]
    assert texts("./CstmrCdtTrfInitn/GrpHdr/CtrlSum") == ["2171200.00"]
    assert balance("assets:payout-transit:idr") == rupiah(-2_171_200)
    transfer = "./CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf"
    assert texts(f"{transfer}/PmtId/EndToEndId") == [payout.number for payout in payouts]
    assert texts(f"{transfer}/Amt/InstdAmt") == ["1085600.00"] * 2
    assert texts(f"{transfer}/CdtrAgt/FinInstnId/BICFI") == ["BRINIDJA"] * 2
    assert texts(f"{transfer}/CdtrAcct/Id/Othr/Id") == [ACCOUNT] * 2
    assert client.get(f"{HERE}/batches/{number}/bank-file.xml").get_data() == answer.get_data()


def test_a_batch_that_disagrees_with_the_ledger_gives_no_file(client, order, admin):
    (payout,) = sent()
    payout.minor += 100
    db.session.flush()

    answer = client.get(f"{HERE}/batches/{payout.batch.number}/bank-file.csv")

    assert answer.status_code == 409
    assert ACCOUNT not in text_of(answer)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("=SUM(A1)", "SUM(A1)"),
        ("Koperasi “Gayo” & Co", "Koperasi Gayo   Co"),
        ("+62 Café", "62 Cafe"),
    ],
)
def test_names_are_told_in_signs_a_bank_takes(name, told):
    assert bank_text(name).split() == told.split()


def test_account_numbers_are_on_no_page(client, order, cooperative, admin):
    (payout,) = sent()
    sources = [f"{HERE}/", f"{HERE}/batches/{payout.batch.number}", f"{HERE}/{payout.number}"]
    sources += [f"{HERE}/accounts/{cooperative.slug}", "/en/admin/"]
    pages = [text_of(client.get(path)) for path in sources]
    sign_in(client, a_member(cooperative))
    desk = f"/id/c/{cooperative.slug}/payouts"
    pages += [text_of(client.get(desk)), text_of(client.get(f"{desk}/{payout.number}"))]

    assert not [page for page in pages if ACCOUNT in page or ACCOUNT[-5:] in page]


def test_the_auditor_sees_everything_and_changes_nothing(client, order, cooperative):
    waiting = gathered()
    number = waiting.payouts[0].number
    sign_in(client, a_user(roles=(Role.AUDITOR,)))

    for path in ("/", f"/batches/{waiting.number}", f"/{number}"):
        answer = client.get(f"{HERE}{path}")
        assert answer.status_code == 200
        assert "<form" not in text_of(answer).split("<main")[1].split("</main>")[0]
    for path in (
        "/",
        f"/batches/{waiting.number}/release",
        f"/batches/{waiting.number}/cancellation",
        f"/{number}/settlement",
        f"/{number}/rejection",
        f"/accounts/{cooperative.slug}",
        f"/accounts/{cooperative.slug}/check",
    ):
        assert client.post(f"{HERE}{path}").status_code == 403
    for path in (f"/batches/{waiting.number}/bank-file.csv", f"/accounts/{cooperative.slug}"):
        assert client.get(f"{HERE}{path}").status_code == 403


def test_buyers_and_members_see_no_admin_page(client, order, cooperative):
    for user in (a_user(), a_member(cooperative)):
        sign_in(client, user)
        assert client.get(f"{HERE}/").status_code == 403


def test_unknown_numbers_are_not_found(client, admin):
    for path in ("/PO-1-1", "/batches/PO-1", "/batches/PO-1/bank-file.csv", "/accounts/nobody"):
        assert client.get(f"{HERE}{path}").status_code == 404


def test_an_account_is_entered_by_one_and_checked_by_another(client, admin):
    cooperative = a_cooperative()
    url = f"{HERE}/accounts/{cooperative.slug}"
    form = {"bank": "014", "number": "1234567890", "holder": "KSU  Gayo"}

    short = client.post(url, data=form | {"number": "123"})
    assert short.status_code == 422
    assert "has 10 digits" in text_of(short)
    assert 'value="123"' in text_of(short)
    assert client.post(url, data=form).status_code == 302
    own = client.post(f"{url}/check", data={"check-number": "1234567890"})
    assert own.status_code == 422
    sign_in(client, an_admin())
    wrong = client.post(f"{url}/check", data={"check-number": "1234567891"})
    assert wrong.status_code == 422
    assert find_bank_account(cooperative).verified_at is None
    assert client.post(f"{url}/check", data={"check-number": "123 456 7890"}).status_code == 302

    account = find_bank_account(cooperative)
    assert (account.holder, account.number) == ("KSU Gayo", "1234567890")
    assert account.verified_at is not None


def test_the_money_page_shows_payouts_and_their_slips(client, order, cooperative):
    (first,) = sent()
    settled(first, 92_000)
    refunded(order, 50_000)
    sign_in(client, a_member(cooperative, MemberRole.TREASURER))
    desk = f"/id/c/{cooperative.slug}/payouts"

    page = text_of(client.get(desk))
    slip = text_of(client.get(f"{desk}/{first.number}"))

    assert first.number in page
    assert "1.085.600" in page
    assert "542.800" in page
    for part in (first.number, "1.085.600", the_parcel(order).number, "FT26330ABC", "BRI"):
        assert part in slip
    assert '<article class="doc' in slip


def test_a_parcel_says_whether_its_money_is_ready_on_its_way_or_paid(client, order, cooperative):
    sign_in(client, a_member(cooperative))

    def state():
        page = text_of(client.get(f"/en/c/{cooperative.slug}/payouts"))
        row = page.split(f">{the_parcel(order).number}<")[1].split("</tr>")[0]
        return re.sub(r"<[^>]+>", " ", row).split("1,085,600")[1].strip()

    states = [state()]
    (payout,) = sent()
    states.append(state())
    reject_payout(payout, reason="Closed", by=an_admin().id, at=now())
    states.append(state())
    an_account(cooperative)
    (payout,) = sent()
    settled(payout, 92_000)
    states.append(state())

    assert states == ["ready", "on its way", "ready", "in the bank account"]


def test_a_rejected_payout_tells_the_cooperative_why(client, order, cooperative):
    (payout,) = sent()
    reject_payout(payout, reason="Rekening ditutup", by=an_admin().id, at=now())
    sign_in(client, a_member(cooperative))

    for more in ("", f"/{payout.number}"):
        assert "Rekening ditutup" in text_of(client.get(f"/id/c/{cooperative.slug}/payouts{more}"))


def test_another_cooperatives_slip_does_not_exist(client, order, cooperative):
    (payout,) = sent()
    other = a_cooperative()
    waiting = the_parcel(a_released_order()).cooperative
    (unsigned,) = gathered().payouts
    sign_in(client, a_member(other))
    assert client.get(f"/id/c/{other.slug}/payouts/{payout.number}").status_code == 404
    sign_in(client, a_member(waiting))
    assert client.get(f"/id/c/{waiting.slug}/payouts/{unsigned.number}").status_code == 404
    sign_in(client, a_member(cooperative, MemberRole.SELLER))
    assert client.get(f"/id/c/{cooperative.slug}/payouts/{payout.number}").status_code == 403


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_every_page_is_there_in_every_language(client, order, cooperative, admin, lang):
    the_parcel(a_released_order(a_shop(verified=False)))
    (payout,) = sent()
    settled(payout, 90_000)
    paths = ["", f"batches/{payout.batch.number}", payout.number, f"accounts/{cooperative.slug}"]

    assert [client.get(f"/{lang}/admin/payouts/{path}").status_code for path in paths] == [200] * 4


def test_the_list_takes_as_many_queries_for_many_cooperatives_as_for_one(client, order, admin):
    def asked():
        statements = []

        def note(connection, cursor, statement, *rest):
            if statement.startswith("SELECT"):
                statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        client.get(f"{HERE}/")
        event.remove(db.engine, "before_cursor_execute", note)
        return len(statements)

    signed(gathered())
    a_released_order()
    few = asked()
    for _ in range(3):
        a_released_order()
        a_released_order(a_shop(verified=False))
    signed(gathered())
    for _ in range(3):
        a_released_order()

    assert asked() == few <= 18


def test_a_waiting_batch_stands_among_what_waits_for_a_second_person(client, order, admin):
    waiting = gathered()

    assert waiting.number in text_of(client.get("/en/admin/"))


def test_the_slip_is_dated_by_its_release(client, order, cooperative):
    (payout,) = sent()
    payout.batch.released_at = now() - timedelta(days=3)
    db.session.flush()
    sign_in(client, a_member(cooperative))

    page = text_of(client.get(f"/en/c/{cooperative.slug}/payouts/{payout.number}"))

    day = today_in_seoul(payout.batch.released_at)
    assert f"{day.day} {day:%b %Y}" in page


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LUMBUNG_PAYOUT_FROM", "BMRIIDJA"),
        ("LUMBUNG_PAYOUT_FROM", "bmri:1370000000001:Lumbung"),
        ("LUMBUNG_PAYOUT_MINIMUM", "50.000"),
        ("LUMBUNG_PAYOUT_MINIMUM", "-1"),
    ],
)
def test_a_setting_of_payouts_that_makes_no_sense_stops_the_start(name, value):
    with pytest.raises(ConfigError, match=name):
        read_config({"LUMBUNG_DEMO": "1", name: value}, ROOT)


def test_without_a_paying_account_there_is_only_the_table(app, client, order, admin, monkeypatch):
    (payout,) = sent()
    batch_url = f"{HERE}/batches/{payout.batch.number}"
    monkeypatch.setitem(app.config, "LUMBUNG", replace(app.config["LUMBUNG"], payout_from=None))

    assert "bank-file.xml" not in text_of(client.get(batch_url))
    assert client.get(f"{batch_url}/bank-file.xml").status_code == 409
    assert client.get(f"{batch_url}/bank-file.csv").status_code == 200


def test_the_minimum_is_a_setting(app, client, order, cooperative, admin, monkeypatch):
    monkeypatch.setitem(
        app.config, "LUMBUNG", replace(app.config["LUMBUNG"], payout_minimum_rupiah=2_000_000)
    )

    assert "It is less than Rp" in text_of(client.get(f"{HERE}/"))
    refused = client.post(f"{HERE}/", data={"cooperative": [cooperative.id]})
    assert refused.status_code == 422
