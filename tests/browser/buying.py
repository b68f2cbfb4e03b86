"""A purchase, step by step, as any buyer makes it. Other flows begin with one."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.browser.reading import text

COFFEE = "kopi-arabika-sumatera-mandailing"
SUGAR = "gula-semut-ksu-jatirogo"
ADDRESS = {
    "recipient": "김지수",
    "phone": "010-1234-5678",
    "postcode": "04524",
    "line": "서울특별시 중구 세종대로 110",
    "detail": "3층 302호",
    "customs_code": "P123456789012",
}


def put_into_cart(page: Page, slug: str, quantity: int = 1, lang: str = "ko") -> None:
    page.goto(f"/{lang}/products/{slug}")
    form = page.locator("form#buy")
    form.locator("[name=quantity]").fill(str(quantity))
    form.get_by_role("button", name=text(lang, "Add to cart")).click()
    page.wait_for_url("**/cart")


def fill_in(page: Page, **changes: str) -> None:
    """The address form, with both consents."""
    for name, value in (ADDRESS | changes).items():
        page.locator(f"#checkout [name={name}]").fill(value)
    agree(page)


def agree(page: Page) -> None:
    for consent in ("terms", "transfer"):
        page.locator(f"#checkout [name={consent}]").check()


def order(page: Page) -> None:
    """Send the address form."""
    page.locator("#checkout button").click()


def pay(page: Page, button: str = "카카오페이로 결제") -> None:
    """Press `button` on the stand-in's page."""
    page.wait_for_url("**/c/pay/**")
    page.get_by_role("button", name=button).click()


def order_number(page: Page) -> str:
    page.wait_for_url(re.compile(r"/orders/[^/?]+$"))
    return page.url.rpartition("/")[2]


def buy(page: Page, *slugs: str, lang: str = "ko", button: str = "카카오페이로 결제") -> str:
    """The whole purchase of one piece each; returns the number of the order."""
    for slug in slugs:
        put_into_cart(page, slug, lang=lang)
    page.goto(f"/{lang}/checkout")
    fill_in(page)
    order(page)
    pay(page, button)
    return order_number(page)


def receipt_code(page: Page) -> str:
    """From the page of a paid order."""
    return page.locator("section[aria-labelledby=where] .mono").inner_text().strip()
