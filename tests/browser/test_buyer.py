"""A Korean buyer, in Korean."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.buying import (
    COFFEE,
    STEPS,
    SUGAR,
    enter,
    fill_in,
    main_button,
    order,
    order_number,
    pay,
    put_into_cart,
    receipt_code,
)
from tests.browser.conftest import PHONE
from tests.browser.reading import amount, send, text, total, values


def ko(words: str, **facts: object) -> str:
    return text("ko", words, **facts)


def test_no_pieces_are_no_purchase(visit):
    page = visit(at=PHONE)
    page.goto(f"/ko/products/{COFFEE}")
    form = page.locator("form#buy")
    form.locator("[name=quantity]").fill("0")

    assert send(page, form.get_by_role("button", name=ko("Add to cart"))) == 422

    expect(form.locator("[name=quantity]")).to_have_value("0")
    page.goto("/ko/cart")
    expect(page.locator("[name=quantity]")).to_have_count(0)


def test_a_search_in_korean_finds_coffee_whose_maker_wrote_only_indonesian(visit):
    page = visit(at=PHONE)
    page.goto("/ko/")
    page.get_by_role("search").locator("[name=q]").fill("커피")
    page.get_by_role("search").get_by_role("button", name=ko("Search")).click()

    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_role("heading", level=1)).to_contain_text("커피")
    assert amount(page.locator("h1 .num").inner_text()) >= 28
    names = _names_on_all_pages(page)
    only_indonesian = [name for name in names if not re.search("[가-힣]", name)]
    assert only_indonesian
    assert {name.split()[0] for name in only_indonesian} == {"Kopi"}


def _names_on_all_pages(page: Page) -> list[str]:
    names = page.locator("#results .card h3").all_inner_texts()
    while (more := page.locator("#results a[rel=next]")).count():
        page.goto(more.first.get_attribute("href"))
        names += page.locator("#results .card h3").all_inner_texts()
    return [name.replace("\u2060", "").strip() for name in names]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_goods_of_two_cooperatives_are_one_order_in_two_parcels(visit, script):
    page = visit("buyer", at=PHONE, java_script_enabled=script)
    put_into_cart(page, COFFEE, 2)
    put_into_cart(page, SUGAR)

    page.goto("/ko/cart")
    goods, shipping = total(page, "ko", "Goods"), total(page, "ko", "International shipping")
    prices = page.locator("main li.mini > b.num").all_inner_texts()
    assert [amount(price) for price in prices] == sorted(map(amount, prices), reverse=True)
    assert sum(map(amount, prices)) == goods
    assert total(page, "ko", "To pay") == goods + shipping

    page.get_by_role("link", name=ko("Order"), exact=True).last.click()
    fill_in(page)
    order(page)
    page.wait_for_url("**/c/pay/**")
    expect(page.locator("tfoot td")).to_have_text(f"₩{goods + shipping:,}")
    pay(page)
    number = order_number(page)

    main = page.locator("main")
    expect(main).to_contain_text(number)
    expect(main).to_contain_text(ko("Kakao Pay"))
    expect(main).to_contain_text("Koperasi Cahaya Desa Mandailing Natal")
    expect(main).to_contain_text("KSU Jatirogo")
    for position in (1, 2):
        parcel = ko("Parcel %(number)s of %(count)s", number=position, count=2)
        expect(page.get_by_role("heading", name=parcel)).to_be_visible()
    where = page.get_by_role("region", name=ko("Where did my share go?"))
    expect(where).to_contain_text(ko("As in the ledger"))
    share = round(goods * 3 / 100)
    expect(where).to_contain_text(f"{share:,}")
    expect(main).to_contain_text("P*********012")
    assert re.fullmatch(r"[0-9A-Z-]{8,}", receipt_code(page))
    page.goto("/ko/cart")
    expect(page.locator("main")).to_contain_text(ko("Your cart is empty"))


def test_a_wrong_address_keeps_what_was_entered_and_orders_nothing(visit):
    page = visit("buyer2", at=PHONE)
    put_into_cart(page, COFFEE)
    page.goto("/ko/checkout")
    enter(page, "recipient", phone="12", postcode="9")
    entered = values(page.locator("#checkout"))

    assert send(page, main_button(page)) == 422

    assert values(page.locator("#checkout")) == entered
    summary = page.get_by_role("alert")
    for wrong in ("Mobile phone", "Postcode"):
        expect(summary.get_by_role("link", name=ko(wrong))).to_be_visible()
    enter(page, "recipient")
    assert send(page, main_button(page)) == 200
    enter(page, "customs", customs_code="M123")
    assert send(page, main_button(page)) == 422
    expect(summary.get_by_role("link", name=ko("Personal customs code"))).to_be_visible()
    expect(page.locator("#recipient-part")).to_contain_text(STEPS["recipient"]["line"])
    page.goto("/ko/cart")
    expect(page.locator(f"main a[href$='/{COFFEE}']").first).to_be_visible()


def test_a_failed_payment_is_said_kindly_and_can_be_tried_again(visit):
    page = visit("buyer3", at=PHONE)
    put_into_cart(page, SUGAR)
    page.goto("/ko/checkout")
    fill_in(page)
    order(page)
    pay(page, "결제 실패로 끝내기")

    expect(page.get_by_role("alert")).to_contain_text("결제에 실패했습니다.")
    page.get_by_role("button", name="취소하고 상점으로 돌아가기").click()
    order_number(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        ko("Your order is waiting for payment")
    )
    expect(page.locator("main")).to_contain_text(ko("The payment did not go through"))
    page.locator("form[action$='/payments'] button").click()
    pay(page)

    number = order_number(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        ko("The cooperatives are preparing your order")
    )
    page.goto("/ko/orders")
    expect(page.get_by_text(number)).to_have_count(1)
