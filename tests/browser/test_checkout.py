"""The three steps of the checkout, as a keyboard and a screen reader meet them."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.buying import COFFEE, SUGAR, agree, enter, main_button, put_into_cart
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.pages import listed
from tests.browser.reading import send, text
from tests.browser.test_pages import LOOKS, NARROW, RULES, axe


def wrong_with(page: Page, where: str) -> list[str]:
    """What fails a reader of this page as it stands."""
    page.set_viewport_size(NARROW)
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    wrong = [f"{where}: {wide} px wide at 320"] if wide > NARROW["width"] else []
    page.evaluate(AXE_SCRIPT)
    for scheme, size, rules in (("light", DESKTOP, RULES), ("dark", PHONE, LOOKS)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": size["width"], "height": 3000})
        page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished))")
        wrong += [f"{where}, {scheme}: {finding}" for finding in axe(page, rules)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(size)
    return wrong


@pytest.mark.parametrize("lang", ["ko", "id"])
def test_every_step_can_be_read_by_everybody(visit, lang):
    page = visit("buyer8", at=PHONE, lang=lang)
    put_into_cart(page, COFFEE, lang=lang)
    put_into_cart(page, SUGAR, lang=lang)
    page.goto(f"/{lang}/checkout")
    enter(page, "recipient")
    wrong = wrong_with(page, "recipient")
    send(page, main_button(page))
    enter(page, "customs", customs_code="M1")
    send(page, main_button(page))
    wrong += wrong_with(page, "customs, refused")
    enter(page, "customs")
    send(page, main_button(page))
    wrong += wrong_with(page, "payment")

    assert not wrong, listed(wrong)


def test_a_keyboard_goes_on_with_enter_and_lands_at_the_open_step(visit):
    page = visit("buyer8", at=DESKTOP)
    put_into_cart(page, COFFEE)
    page.goto("/ko/checkout")
    enter(page, "recipient")

    with page.expect_navigation():
        page.locator("[name=phone]").press("Enter")

    customs = page.get_by_role("heading", name=text("ko", "Customs and delivery"))
    expect(customs).to_be_focused()
    enter(page, "customs")
    with page.expect_navigation():
        page.locator("[name=customs_code]").press("Enter")
    payment = page.get_by_role("heading", name=text("ko", "Payment and consent"))
    expect(payment).to_be_focused()

    agree(page)
    page.get_by_role("button", name=text("ko", "Edit")).first.press("Enter")
    expect(page.get_by_role("heading", name=text("ko", "Recipient"))).to_be_focused()
    expect(page.locator("input[type=hidden][name=terms]")).to_have_value("y")
