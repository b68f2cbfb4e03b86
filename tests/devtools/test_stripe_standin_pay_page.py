import base64
import hashlib
import re
import time
from html.parser import HTMLParser

import pytest

from devtools.stripe_standin.driver import buttons

NAMES = {
    "ko": {
        "pay:card": "시험 카드로 결제",
        "pay:kr_card": "한국 카드로 결제",
        "pay:kakao_pay": "카카오페이로 결제",
        "pay:naver_pay": "네이버페이로 결제",
        "pay:payco": "페이코로 결제",
        "pay:samsung_pay": "삼성페이로 결제",
        "fail": "결제 실패로 끝내기",
        "async": "결제 지연으로 끝내기",
        "cancel": "취소하고 상점으로 돌아가기",
        "expire": "이 페이지 만료시키기",
    },
    "id": {
        "pay:card": "Bayar dengan kartu uji",
        "pay:kr_card": "Bayar dengan kartu Korea",
        "pay:kakao_pay": "Bayar dengan Kakao Pay",
        "pay:naver_pay": "Bayar dengan Naver Pay",
        "pay:payco": "Bayar dengan PAYCO",
        "pay:samsung_pay": "Bayar dengan Samsung Pay",
        "fail": "Akhiri dengan pembayaran gagal",
        "async": "Akhiri dengan pembayaran tertunda",
        "cancel": "Batalkan dan kembali ke toko",
        "expire": "Tutup halaman ini",
    },
    "en": {
        "pay:card": "Pay with test card",
        "pay:kr_card": "Pay with Korean card",
        "pay:kakao_pay": "Pay with Kakao Pay",
        "pay:naver_pay": "Pay with Naver Pay",
        "pay:payco": "Pay with PAYCO",
        "pay:samsung_pay": "Pay with Samsung Pay",
        "fail": "End with a failed payment",
        "async": "End with a delayed payment",
        "cancel": "Cancel and return to the shop",
        "expire": "Expire this page",
    },
}


class Labels(HTMLParser):
    """Collects which controls of a page have a label."""

    def __init__(self, text):
        super().__init__()
        self.controls, self.labelled = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in ("input", "select") and given.get("type") != "hidden":
            self.controls.add(given.get("id"))
        if tag == "label":
            self.labelled.add(given["for"])


@pytest.mark.parametrize("language", NAMES)
def test_buttons_have_stable_names_in_each_language(shop, language):
    made = shop.new_session(locale=language)

    text = shop.open(made.url)

    assert {action: name for name, action in buttons(text).items()} == NAMES[language]
    assert f'<html lang="{language}">' in text


@pytest.mark.parametrize("language", NAMES)
def test_no_button_name_contains_another(language):
    names = list(NAMES[language].values())

    assert not [(a, b) for a in names for b in names if a != b and a.lower() in b.lower()]


def test_without_a_locale_the_browser_chooses_the_language(shop):
    made = shop.new_session()

    assert '<html lang="ko">' in shop.open(made.url, "ko-KR,ko;q=0.9")
    assert '<html lang="id">' in shop.open(made.url, "id")
    assert '<html lang="en">' in shop.open(made.url, "fr")


@pytest.mark.parametrize(
    ("language", "mark"),
    [("ko", "실제 돈은 오가지 않습니다"), ("id", "Tidak ada uang"), ("en", "No real money")],
)
def test_the_page_says_that_it_is_a_test(shop, language, mark):
    assert mark in shop.open(shop.new_session(locale=language).url)


def test_every_control_has_a_label(shop):
    labels = Labels(shop.open(shop.new_session().url))

    assert labels.controls == labels.labelled == {"email", "card", "method"}


def test_the_page_runs_no_script_and_only_its_own_style(shop):
    made = shop.new_session()

    _, headers, text = shop.http("GET", made.url.removeprefix(shop.base_url))

    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self' https://shop.test"
    )
    assert "<script" not in text
    assert "style=" not in text


def test_what_people_wrote_is_shown_as_text(shop):
    product = {"name": '<b>Batik</b> & "Tenun"'}
    price = {"currency": "krw", "unit_amount": 5_000, "product_data": product}

    text = shop.open(shop.new_session(line_items=[{"quantity": 1, "price_data": price}]).url)

    assert "&lt;b&gt;Batik&lt;/b&gt; &amp; &quot;Tenun&quot; × 1" in text


def test_only_offered_methods_have_a_button(shop):
    made = shop.new_session(currency="usd", amount=2_000)

    shown = buttons(shop.open(made.url))

    assert [action for action in shown.values() if action.startswith("pay:")] == ["pay:card"]


def test_paying_by_kakao_pay_completes_the_session(shop):
    made = shop.new_session()
    assert (made.status, made.payment_status, made.payment_intent) == ("open", "unpaid", None)
    assert made.amount_total == 30_000
    text = shop.open(made.url)
    assert "Kopi Gayo 250 g × 2" in text
    assert "₩30,000" in text

    status, location, _ = shop.press(made.url, "Pay with Kakao Pay", email="b@example.test")

    assert (status, location) == (303, "https://shop.test/thanks?id=" + made.id)
    done = shop.session(made.id, "line_items", "payment_intent.latest_charge")
    charge = done.payment_intent.latest_charge
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.customer_details.email == "b@example.test"
    assert charge.id.startswith("py_")
    assert charge.payment_method_details.type == "kakao_pay"
    assert (charge.transfer_group, charge.metadata.order) == ("order-7", "7")
    assert done.line_items.data[0].quantity == 2


def test_a_payment_is_announced_step_by_step(shop):
    made = shop.new_session()

    shop.press(made.url, "Pay with Kakao Pay")

    shop.settle()
    assert shop.hook.types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "checkout.session.completed",
    ]
    assert shop.hook.got[1].data.object.balance_transaction is None


def test_won_settle_in_dollars_less_the_fee(shop):
    done = shop.paid_session("kakao_pay")

    settled = done.payment_intent.latest_charge.balance_transaction

    assert (settled.currency, settled.type, settled.amount) == ("usd", "payment", 2160)
    assert settled.fee > 0
    assert settled.net == 2160 - settled.fee
    assert settled.exchange_rate == 0.00072
    assert settled.status == "pending"


def test_a_failed_payment_can_be_tried_again(shop):
    made = shop.new_session()

    status, _, text = shop.press(made.url, "End with a failed payment", method="card")

    assert status == 200
    assert "Your card was declined." in text
    failed = shop.session(made.id, "payment_intent")
    assert failed.status == "open"
    assert failed.payment_intent.status == "requires_payment_method"
    assert failed.payment_intent.last_payment_error.code == "card_declined"

    assert shop.press(made.url, "Pay with test card", card="4242")[0] == 303
    done = shop.session(made.id)
    assert done.payment_status == "paid"
    assert done.payment_intent == failed.payment_intent.id
    shop.settle()
    assert shop.hook.types().count("payment_intent.payment_failed") == 1


def test_a_wallet_declines_as_a_provider(shop):
    made = shop.new_session()

    shop.press(made.url, "End with a failed payment", method="kakao_pay")

    intent = shop.session(made.id, "payment_intent").payment_intent
    assert intent.last_payment_error.code == "payment_method_provider_decline"


def test_a_declining_test_card_declines(shop):
    made = shop.new_session()

    _, _, text = shop.press(made.url, "Pay with test card", card="9995")

    assert "insufficient funds" in text
    assert shop.session(made.id).payment_status == "unpaid"


def test_canceling_returns_to_the_shop_and_leaves_the_session_open(shop):
    made = shop.new_session()

    status, location, _ = shop.press(made.url, "Cancel and return to the shop")

    assert (status, location) == (303, "https://shop.test/cart")
    assert shop.session(made.id).status == "open"


def test_expiring_closes_the_session_for_good(shop, refusal):
    made = shop.new_session()

    _, _, text = shop.press(made.url, "Expire this page")

    assert "This payment page has expired." in text
    assert "만료되어 닫힌" in shop.open(made.url, "ko")
    shop.settle()
    assert shop.hook.types() == ["checkout.session.expired"]
    assert refusal(shop.expire, made).code == "checkout_session_not_open"


def test_a_session_expires_at_its_time(shop):
    made = shop.new_session(expires_at=int(time.time()) + 1_800)

    shop.control("clock", advance=1_900)

    assert shop.session(made.id).status == "expired"


@pytest.mark.parametrize(
    ("action", "event", "state"),
    [
        ("settle", "checkout.session.async_payment_succeeded", "paid"),
        ("settle_fail", "checkout.session.async_payment_failed", "unpaid"),
    ],
)
def test_a_delayed_payment_ends_later(shop, action, event, state):
    made = shop.new_session()
    assert shop.press(made.url, "End with a delayed payment", method="card")[0] == 303
    waiting = shop.session(made.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")

    shop.control(f"checkout/{made.id}/{action}")

    shop.settle()
    assert shop.session(made.id).payment_status == state
    assert "checkout.session.completed" in shop.hook.types()
    assert shop.hook.types()[-1] == event


def test_a_forged_form_is_refused(shop):
    made = shop.new_session()
    path = made.url.removeprefix(shop.base_url)

    status, _, _ = shop.http(
        "POST",
        path,
        "action=pay:card&token=x",
        {"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert status == 403
    assert shop.session(made.id).payment_status == "unpaid"


def test_money_held_for_capture_is_paid_when_captured(shop):
    made = shop.new_session(payment_intent_data={"capture_method": "manual"})
    shop.control(f"checkout/{made.id}/pay")
    held = shop.session(made.id, "payment_intent")
    assert held.payment_intent.status == "requires_capture"
    assert held.payment_status == "unpaid"

    shop.v1.payment_intents.capture(held.payment_intent.id)

    assert shop.session(made.id).payment_status == "paid"
