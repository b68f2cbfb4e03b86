"""What can go wrong with a parcel after it is paid, seen by buyer, cooperative and staff."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.buying import SUGAR, agree, buy, fill_in, main_button, order, put_into_cart
from tests.browser.conftest import PHONE
from tests.browser.pages import do_for_good
from tests.browser.reading import send, text
from tests.browser.test_cooperative import tracking_number

DESK = "/id/c/ksu-jatirogo"
CHARCOAL = "briket-arang-tempurung-kelapa-minahasa"


def ko(words: str, **facts: object) -> str:
    return text("ko", words, **facts)


def id_(words: str, **facts: object) -> str:
    return text("id", words, **facts)


def change_quantity(page: Page, slug: str, quantity: int) -> None:
    page.goto("/ko/cart")
    field = page.locator(f"li.mini:has(a[href$='/{slug}']) [name=quantity]")
    field.fill(str(quantity))
    with page.expect_navigation():
        field.press("Enter")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_parcel_too_heavy_is_put_right_without_losing_the_address(visit, script):
    page = visit("buyer5", at=PHONE, java_script_enabled=script)
    put_into_cart(page, CHARCOAL, 2)
    page.goto("/ko/checkout")
    fill_in(page)
    other = visit("buyer5", at=PHONE)
    change_quantity(other, CHARCOAL, 40)
    alert = other.get_by_role("alert").filter(has_text="42.8 kg")
    expect(alert).to_contain_text("30 kg")
    expect(other.locator("a[href$='/checkout']")).to_have_count(0)

    assert send(page, main_button(page)) == 422
    expect(page.get_by_role("alert")).to_contain_text("42.8 kg")

    change_quantity(other, CHARCOAL, 1)
    assert send(page, main_button(page)) == 422
    expect(page.get_by_role("heading", name=ko("Your cart has changed"))).to_be_visible()
    agree(page)
    order(page)
    page.wait_for_url("**/c/pay/**")


def test_a_parcel_is_asked_about_corrected_missed_and_sent_back(visit):
    buyer = visit("buyer6", at=PHONE)
    number = buy(buyer, SUGAR)
    asks_to_cancel(buyer)
    admin = visit("admin1", lang="ko")
    refuses(admin, number, "이미 우체국에 맡겼습니다.")
    buyer.goto(f"/ko/orders/{number}")
    expect(buyer.locator("main")).to_contain_text("이미 우체국에 맡겼습니다.")

    secretary = visit("coop", at=PHONE, lang="id")
    secretary.goto(f"{DESK}/orders/{number}-1")
    sends(secretary, "/shipment", tracking_number("23456789"))
    secretary.goto(f"{DESK}/orders/{number}-1")
    secretary.get_by_text(id_("Correct the number"), exact=True).click()
    sends(secretary, "/tracking", tracking_number("34567891"))
    expect(secretary.locator("main")).to_contain_text(tracking_number("23456789"))
    buyer.reload()
    expect(buyer.get_by_role("link", name=tracking_number("34567891"))).to_be_visible()

    buyer.get_by_role("button", name=ko("It has not arrived")).click()
    expect(buyer.get_by_text(ko("has not arrived"), exact=True)).to_be_visible()
    secretary.goto(f"{DESK}/orders?tab=buyers")
    expect(secretary.locator("ul.lines li").filter(has_text=number)).to_have_count(1)
    admin.goto("/ko/admin/")
    late = admin.locator("section[aria-labelledby=parcels]")
    expect(late).to_contain_text(number)

    arrival = buyer.locator("form[action$='/receipt']")
    arrival.locator("summary").click()
    buyer.get_by_role("button", name=ko("Not yet")).click()
    do_for_good(arrival, ko("It has arrived"))
    buyer.get_by_role("link", name=ko("Send goods back")).click()
    buyer.locator("input[value=broken]").check()
    assert send(buyer, buyer.get_by_role("button", name=ko("Ask to send back"))) == 422
    expect(buyer.locator("input[value=broken]")).to_be_checked()
    buyer.locator("[name=details]").fill("봉투가 터졌습니다.")
    buyer.get_by_role("button", name=ko("Ask to send back")).click()
    expect(buyer.locator("main")).to_contain_text(ko("You asked to send goods back"))
    secretary.goto(f"{DESK}/orders/{number}-1")
    expect(secretary.locator("main")).to_contain_text("봉투가 터졌습니다.")

    admin.goto("/ko/admin/")
    admin.get_by_role("link", name=re.compile(f"^{ko('Refund or refuse')} {number}")).click()
    form = admin.locator("form[action$='/refunds']")
    form.locator("[name=reason]").fill("봉투 파손")
    do_for_good(form, ko("Refund"))
    expect(admin.get_by_role("status")).to_contain_text(number)
    buyer.goto(f"/ko/orders/{number}")
    expect(buyer.get_by_role("region", name=ko("Your request"))).to_contain_text(ko("refunded"))


def asks_to_cancel(buyer: Page) -> None:
    buyer.get_by_role("link", name=ko("Cancel this parcel")).click()
    buyer.get_by_role("button", name=ko("Ask to cancel")).click()
    expect(buyer.locator("main")).to_contain_text(ko("You asked to cancel this parcel"))


def refuses(admin: Page, number: str, why: str) -> None:
    admin.goto("/ko/admin/")
    admin.get_by_role("link", name=re.compile(f"^{ko('Refund or refuse')} {number}")).click()
    admin.locator("details:not(.sure) > summary").filter(has_text=ko("Refuse")).first.click()
    admin.locator("[name=why]").fill(why)
    do_for_good(admin.locator("main"), ko("Refuse the request"))
    expect(admin.get_by_role("status")).to_contain_text(
        ko("The request was refused. The buyer was told.")
    )


def sends(secretary: Page, action: str, number: str) -> None:
    form = secretary.locator(f"form[action$='{action}']")
    form.locator("[name=tracking_number]").fill(number)
    form.locator("button").click()
    expect(secretary.get_by_role("status")).to_be_visible()
