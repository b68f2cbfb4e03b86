import re

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.openbook.queries import find_receipt
from marketplace.orders.models import OrderState
from marketplace.orders.operations import refund_order_part
from marketplace.orders.operations.refunds import book_refund
from marketplace.payments.queries import find_refund, get_paid_payment
from marketplace.web.security import limiter
from tests.conftest import build, fresh_database, settings
from tests.factories import a_user
from tests.openbook.conftest import LATER
from tests.orders.world import an_order, delivered, the_parcel

pytestmark = pytest.mark.usefixtures("world")


def text_of(response):
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_a_receipt_is_the_sale_entry_divided(world):
    receipt = find_receipt(world.delivered.receipt_code)

    assert (receipt.cooperatives, receipt.service, receipt.share, receipt.shipping) == (
        won(92_000),
        won(5_000),
        won(3_000),
        won(12_000),
    )
    assert receipt.paid == world.delivered.total == won(112_000)


def test_a_receipt_says_which_program_its_share_pays_for(client, world):
    page = client.get(f"/en/r/{world.delivered.receipt_code}")

    text = text_of(page)
    assert page.status_code == 200
    assert "₩2,100 for a village program" in text
    assert "Coffee dryer house" in text
    assert "₩450 in the fund, not assigned yet" in text


def test_a_share_that_waits_for_delivery_says_until_when(client, world):
    address = f"/en/r/{world.waiting.receipt_code}"
    before = text_of(client.get(address))

    delivered(the_parcel(world.waiting))

    assert "₩6,000 waits" in before
    assert "Held for 14 days after arrival." in before
    assert "Held until 2 May 2026." in text_of(client.get(address))


@pytest.mark.parametrize(
    ("amount", "share"),
    [(50_000, "₩1,500 of the village share"), (200_000, "the whole village share")],
)
def test_a_refund_is_on_the_receipt(client, world, amount, share):
    decided = refund_order_part(
        world.waiting,
        the_parcel(world.waiting),
        won(amount),
        reason="Broken",
        by=a_user(),
        at=LATER,
    )
    payment = get_paid_payment("order", world.waiting.number)
    book_refund(payment, find_refund(decided.number), at=LATER)

    receipt = find_receipt(world.waiting.receipt_code)
    left = receipt.cooperatives_left + receipt.service_left + receipt.share_left
    assert receipt.refunded == won(amount)
    assert left == won(200_000 - amount)
    assert f"₩{amount:,} went back to the buyer, and with it {share}." in text_of(
        client.get(f"/en/r/{world.waiting.receipt_code}")
    )


@pytest.mark.parametrize(
    "write", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("-", "")]
)
def test_a_code_is_known_however_it_is_typed(client, world, write):
    code = world.delivered.receipt_code

    answer = client.get("/en/receipts", query_string={"code": f" {write(code)} "})

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/en/r/{code}"
    assert client.get(f"/en/r/{write(code)}").headers["Location"] == f"/en/r/{code}"


def test_a_wrong_code_says_nothing_about_others(client, world):
    unpaid = an_order()
    answers = [
        client.get(f"/en/r/{code}")
        for code in ("0000-0000-0000", "7", "*", unpaid.receipt_code, world.delivered.number)
    ]

    assert unpaid.state is OrderState.AWAITING_PAYMENT
    assert [answer.status_code for answer in answers] == [404] * 5
    pages = {
        re.sub(r'value="[^"]*"|/r/[^"]*|next" value="[^"]*', "", a.get_data(as_text=True))
        for a in answers
    }
    assert len(pages) == 1
    assert world.delivered.receipt_code not in pages.pop()


def test_a_receipt_names_nobody_and_is_not_kept(client, world):
    page = client.get(f"/ko/r/{world.delivered.receipt_code}")

    text = page.get_data(as_text=True)
    for secret in ("김하은", "010-1234", "세종대로", "P1234", "Kim Jisu", "Kopi Arabika"):
        assert secret not in text
    assert world.delivered.number not in text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_the_form_stands_on_a_page_of_its_own(client):
    page = client.get("/id/receipts")

    assert page.status_code == 200
    assert 'name="code"' in page.get_data(as_text=True)


def test_codes_cannot_be_tried_quickly(engine_name, tmp_path, monkeypatch):
    monkeypatch.setattr(limiter, "enabled", False)
    config = settings(fresh_database(engine_name, tmp_path), tmp_path, LUMBUNG_RATE_LIMITS="1")
    app = build(config)
    client = app.test_client()

    with app.app_context():
        limiter.reset()
        answers = [client.get(f"/en/r/0000-0000-{n:04}").status_code for n in range(31)]
        limiter.reset()
        db.engine.dispose()

    assert answers == [404] * 30 + [429]


@pytest.mark.parametrize("typed", ["", "🌾", "%00", "---"])
def test_what_is_no_code_is_said_beside_the_field_and_stays_there(client, world, typed):
    answer = client.get(f"/en/receipts?code={typed}")

    assert answer.status_code == 422
    assert "This is not a receipt code." in text_of(answer)
    if typed == "🌾":
        assert 'value="🌾"' in answer.get_data(as_text=True)
    assert "This is not a receipt code." not in text_of(client.get("/en/receipts"))
