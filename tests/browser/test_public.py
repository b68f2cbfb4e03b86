"""Anybody, not signed in."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.buying import COFFEE, SUGAR, buy, receipt_code
from tests.browser.conftest import PHONE
from tests.browser.reading import amount, send, text


def ko(words: str, **facts: object) -> str:
    return text("ko", words, **facts)


def figure(page: Page, label: str) -> int:
    name = re.compile(f"^{re.escape(ko(label))}$")
    stat = page.locator(".stat").filter(has=page.locator("dt", has_text=name))
    return amount(stat.locator(".val").inner_text())


def test_the_open_ledger_adds_up(visit):
    page = visit(at=PHONE)
    page.goto("/ko/")
    page.locator("a[href$='/ko/ledger']:visible").first.click()

    shares, pledges = figure(page, "Village shares"), figure(page, "Pledges received")
    assigned, free = figure(page, "Set aside for programs"), figure(page, "Free in the funds")
    held = amount(
        page.locator(".stat")
        .filter(has=page.locator("dt", has_text=ko("Free in the funds")))
        .locator(".note")
        .inner_text()
    )
    assert shares > 0
    assert pledges > 0
    assert shares + pledges == assigned + free + held
    check = page.get_by_role("region", name=ko("Check it yourself"))
    check.get_by_text(ko("Both sides of the whole journal")).click()
    for currency in ("KRW", "IDR"):
        difference = check.locator("dt", has_text=ko("Difference, %(currency)s", currency=currency))
        assert amount(difference.locator("xpath=following-sibling::dd[1]").inner_text()) == 0


def test_programs_are_shown_to_everybody(visit):
    page = visit(at=PHONE)
    page.goto("/ko/programs")
    programs = page.locator("main a[href*='/ko/programs/']")
    assert programs.count() > 0
    programs.first.click()

    expect(page).to_have_url(re.compile(r"/ko/programs/[^/]+$"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main form[method=post]")).to_have_count(0)


def test_a_receipt_code_shows_the_entries_of_an_order_and_no_name(visit):
    buyer = visit("buyer6")
    number = buy(buyer, COFFEE, SUGAR)
    code = receipt_code(buyer)
    paid = amount(
        buyer.locator("dt.sum").locator("xpath=following-sibling::dd[1]").first.inner_text()
    )

    anybody = visit(at=PHONE)
    anybody.goto("/ko/receipts")
    anybody.locator("[name=code]").fill(code.lower().replace("-", " "))
    anybody.get_by_role("button", name=ko("Check"), exact=True).click()

    expect(anybody).to_have_url(re.compile(f"/ko/r/{code}$"))
    main = anybody.locator("main")
    expect(main).to_contain_text(ko("As in the ledger"))
    expect(main).to_contain_text(f"{paid:,}")
    for private in ("김지수", "세종대로", "010-1234", "Kopi", number):
        expect(main).not_to_contain_text(private)
    expect(anybody.locator("article.entry")).not_to_have_count(0)


def test_a_wrong_receipt_code_is_said_and_kept(visit):
    page = visit(at=PHONE)
    page.goto("/ko/receipts")
    page.locator("[name=code]").fill("7K4M-92QX-5TPA")
    assert send(page, page.get_by_role("button", name=ko("Check"), exact=True)) == 404

    expect(page.get_by_role("heading", level=1)).to_have_text(ko("We do not know this code"))
    expect(page.locator("[name=code]")).to_have_value("7K4M-92QX-5TPA")
