"""What a buyer's bank took back stands on the receipt, whoever bore it."""

from __future__ import annotations

import pytest

from marketplace.kernel.money import won
from marketplace.openbook.queries import find_receipt
from tests.openbook.conftest import LATER
from tests.openbook.test_receipts import text_of
from tests.orders.disputing import a_dispute, a_lost_dispute, given_again, ruled

pytestmark = pytest.mark.usefixtures("world")


def left_of(receipt):
    """What the parts of the order still have."""
    return (
        receipt.cooperatives_left
        + receipt.service_left
        + receipt.share_left
        + receipt.shipping_left
    )


def adds_up(receipt):
    """What the buyer paid and has not back is what the parts have, less what others bore."""
    borne = receipt.borne_by_reserve + receipt.borne_by_market
    return receipt.paid - receipt.given_back == left_of(receipt) - borne


def test_lost_while_held_every_part_gave(client, world):
    a_lost_dispute(world.waiting, 106_000, at=LATER)

    receipt = find_receipt(world.waiting.receipt_code)
    text = text_of(client.get(f"/en/r/{world.waiting.receipt_code}"))

    assert (receipt.lost, receipt.in_dispute, receipt.refunded) == (won(106_000), won(0), won(0))
    assert receipt.share_back == won(3_000)
    assert receipt.shipping_left == won(6_000)
    assert adds_up(receipt)
    assert "₩106,000 went back to the buyer, and with it ₩3,000 of the village share." in text
    assert "Lost in a dispute −₩106,000" in text
    assert "After the dispute ₩106,000" in text


def test_the_whole_of_it_leaves_nobody_anything(client, world):
    a_lost_dispute(world.waiting, at=LATER)

    receipt = find_receipt(world.waiting.receipt_code)

    assert left_of(receipt) == won(0)
    assert receipt.owed_left.minor == 0
    page = text_of(client.get(f"/en/r/{world.waiting.receipt_code}"))
    assert "and with it the whole village share." in page
    assert "are owed" not in page


def test_until_the_bank_decides_it_says_so(client, world):
    a_dispute(world.waiting, 106_000, at=LATER)

    text = text_of(client.get(f"/en/r/{world.waiting.receipt_code}"))

    assert "The buyer's bank took ₩106,000 back and has not decided yet." in text.replace(
        "&#39;", "'"
    )
    assert "Lost in a dispute" not in text


def test_a_loss_of_released_money_that_nobody_has_ruled_on_says_so(client, world):
    a_lost_dispute(world.delivered, at=LATER)

    receipt = find_receipt(world.delivered.receipt_code)
    text = text_of(client.get(f"/en/r/{world.delivered.receipt_code}"))

    assert (receipt.lost, receipt.in_dispute) == (won(0), won(112_000))
    assert "A dispute over ₩112,000 is lost; who bears it is not decided yet." in text


def test_what_the_reserve_bore_leaves_the_parts_as_they_were(client, world):
    dispute = a_lost_dispute(world.delivered, at=LATER)
    ruled(dispute, is_at_fault=False, at=LATER)

    receipt = find_receipt(world.delivered.receipt_code)
    text = text_of(client.get(f"/en/r/{world.delivered.receipt_code}"))

    assert left_of(receipt) == receipt.paid == won(112_000)
    assert (receipt.borne_by_reserve, receipt.borne_by_market) == (won(150), won(111_850))
    assert adds_up(receipt)
    assert "₩112,000 went back to the buyer; the village share stays." in text
    assert "the reserve for refunds bore ₩150 and the market ₩111,850." in text


def test_what_the_cooperative_bore_takes_the_parts(world):
    dispute = a_lost_dispute(world.delivered, at=LATER)
    ruled(dispute, is_at_fault=True, at=LATER)

    receipt = find_receipt(world.delivered.receipt_code)

    assert left_of(receipt) == won(0)
    assert receipt.borne_by_reserve + receipt.borne_by_market == won(0)
    assert adds_up(receipt)


def test_what_came_back_after_all_is_said(client, world):
    dispute = a_lost_dispute(world.waiting, 106_000, at=LATER)
    given_again(world.waiting, dispute, at=LATER)

    text = text_of(client.get(f"/en/r/{world.waiting.receipt_code}"))

    assert "Came back after all ₩106,000" in text
    assert "After the dispute ₩212,000" in text


@pytest.mark.parametrize("language", ["ko", "id"])
def test_the_words_are_there_in_each_language(client, world, language):
    dispute = a_lost_dispute(world.delivered, at=LATER)
    ruled(dispute, is_at_fault=False, at=LATER)

    text = text_of(client.get(f"/{language}/r/{world.delivered.receipt_code}"))

    assert {"ko": "환불 예비금이 150원", "id": "Hilang dalam sengketa"}[language] in text


def test_the_twin_says_the_same(client, world):
    dispute = a_lost_dispute(world.delivered, at=LATER)
    ruled(dispute, is_at_fault=False, at=LATER)

    said = client.get(f"/api/v1/public/receipt/{world.delivered.receipt_code}").json

    assert said["lost"] == {"minor": 112_000, "currency": "KRW"}
    assert said["in_dispute"]["minor"] == said["recovered"]["minor"] == 0
    assert {who: amount["minor"] for who, amount in said["borne"].items()} == {
        "reserve": 150,
        "market": 111_850,
    }
