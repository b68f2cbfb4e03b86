"""How everybody comes in."""

from __future__ import annotations

from playwright.sync_api import Page

PASSWORD = "lumbung-demo"


def sign_in(page: Page, who: str, lang: str = "ko") -> None:
    page.goto(f"/{lang}/sign-in")
    page.locator("[name=email]").fill(f"{who}@demo.lumbung.example")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form").filter(has=page.locator("[name=password]")).locator("button").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
