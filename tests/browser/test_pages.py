"""Every page: no sideways scroll, and nothing for axe to find, in light and in dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.pages import READERS, addresses, listed

NARROW = {"width": 320, "height": 700}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = ["color-contrast", "target-size"]


@pytest.mark.parametrize("who", READERS)
def test_no_page_scrolls_sideways_or_fails_a_reader(visit, numbers, who):
    page = visit(who, at=NARROW)
    wrong = []
    for number, address in enumerate(addresses(who, numbers)):
        page.set_viewport_size(NARROW)
        page.emulate_media(color_scheme="light")
        answer = page.goto(address)
        if answer.status != 200:
            wrong.append(f"{address}: {answer.status}")
            continue
        lang = page.locator("html").get_attribute("lang")
        if lang != address[1:3]:
            wrong.append(f"{address}: lang={lang}")
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        if wide > NARROW["width"]:
            wrong.append(f"{address}: {wide} px wide at 320")
        page.evaluate(AXE_SCRIPT)
        sizes = (PHONE, DESKTOP) if number % 2 else (DESKTOP, PHONE)
        for scheme, size, rules in zip(("light", "dark"), sizes, (RULES, LOOKS), strict=True):
            page.emulate_media(color_scheme=scheme)
            _show_whole(page, size["width"])
            wrong += [f"{address}, {scheme} at {size['width']}: {it}" for it in axe(page, rules)]

    assert not wrong, listed(wrong)


def _show_whole(page: Page, width: int) -> None:
    """As tall as the page, so that no bar covers anything; when colors stopped changing."""
    page.set_viewport_size({"width": width, "height": 900})
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, 12_000)})
    page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished))")


def axe(page: Page, rules: list[str]) -> list[str]:
    """What axe, which the page has loaded, finds; a line each."""
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = page.evaluate("async (options) => (await axe.run(options)).violations", options)
    return [f"{rule['id']} {[node['target'][0] for node in rule['nodes'][:3]]}" for rule in found]
