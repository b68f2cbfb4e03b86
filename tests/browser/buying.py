"""A purchase, step by step, as any buyer makes it. Other flows begin with one."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page

from tests.browser.reading import send, text

COFFEE = "kopi-arabika-sumatera-mandailing"
SUGAR = "gula-semut-ksu-jatirogo"
STEPS = {
    "recipient": {
        "recipient": "김지수",
        "phone": "010-1234-5678",
        "postcode": "04524",
        "line": "서울특별시 중구 세종대로 110",
        "detail": "3층 302호",
    },
    "customs": {"customs_code": "P123456789012"},
}


def put_into_cart(page: Page, slug: str, quantity: int = 1, lang: str = "ko") -> None:
    page.goto(f"/{lang}/products/{slug}")
    form = page.locator("form#buy")
    form.locator("[name=quantity]").fill(str(quantity))
    form.get_by_role("button", name=text(lang, "Add to cart")).click()
    page.wait_for_url("**/cart")


def fill_in(page: Page) -> None:
    """The whole form, step by step, with both consents."""
    for step in STEPS:
        enter(page, step)
        assert send(page, main_button(page)) == 200
    agree(page)


def enter(page: Page, step: str, **changes: str) -> None:
    """Fill in one step, opened first where it is folded, and do not send it."""
    folded = page.locator(f"#{step}-part button[value={step}]")
    if folded.count():
        assert send(page, folded) == 200
    for name, value in (STEPS[step] | changes).items():
        page.locator(f"#{step}-part [name={name}]").fill(value)


def agree(page: Page) -> None:
    for consent in ("terms", "transfer"):
        page.locator(f"#checkout [name={consent}]").check()


def main_button(page: Page) -> Locator:
    """The way on from the open step: in the form, or in the bar of a phone."""
    button = page.locator("#checkout button.is-big, .actionbar button")
    return button.locator("visible=true").first


def order(page: Page) -> None:
    """Send the last step."""
    main_button(page).click()


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
