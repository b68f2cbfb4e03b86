"""Every page: no sideways scroll, nothing for axe to find, no dead link, light to load."""

from __future__ import annotations

import gzip
import re
from itertools import cycle
from urllib.parse import urldefrag, urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIRequestContext, Page

from tests.browser.buying import COFFEE, SUGAR, buy, put_into_cart, receipt_code
from tests.browser.conftest import DESKTOP, PHONE

NARROW = {"width": 320, "height": 700}
MOST_BYTES = 45 * 1024
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESK = "c/ksu-jatirogo"

# What each kind of reader sees, without the language; `{…}` is filled in from the demo.
PAGES = {
    None: [
        "",
        "products",
        "products?q=커피",
        "products?q=zzzzqqqq",
        "products?category=coffee",
        f"products/{COFFEE}",
        f"products/{SUGAR}",
        "cooperatives",
        "cooperatives/ksu-jatirogo",
        "programs",
        "programs/{program}",
        "ledger",
        "receipts",
        "r/{receipt}",
        "sign-in",
        "register",
        "cart",
    ],
    "buyer7": ["cart", "checkout", "orders", "orders/{order}"],
    "coop": [
        f"{DESK}/",
        f"{DESK}/orders",
        f"{DESK}/orders/{{parcel}}",
        f"{DESK}/products",
        f"{DESK}/products/new",
        f"{DESK}/products/{SUGAR}",
        f"{DESK}/rfqs/",
        f"{DESK}/rfqs/{{rfq}}",
        f"{DESK}/payouts",
    ],
    "kotra": [
        "trade/",
        f"trade/exports/{SUGAR}",
        "trade/rfqs",
        "trade/rfqs/{rfq}",
        "trade/quotations/{quotation}",
    ],
    "admin1": [
        "admin/",
        "admin/orders/",
        "admin/orders/{order}",
        "admin/ledger/",
        "admin/ledger/{entry}",
        "admin/ledger/accounts/",
        "admin/ledger/accounts/funds:village:held:krw",
        "admin/ledger/trial-balance",
        "admin/programs",
        "admin/programs/new",
        "admin/programs/new?village=34.01.12.2003",
        "admin/programs/P-0001",
        "admin/programs/P-0029",
        "admin/programs/P-0030",
        "admin/pledges",
        "admin/pledges/new",
        "admin/pledges/{pledge}",
    ],
}
READERS = list(PAGES)


@pytest.fixture(scope="module")
def facts(browser, base_url) -> dict[str, str]:
    """Numbers of things in the demo, for the addresses; one order is made for them."""
    context = browser.new_context(base_url=base_url)
    page = context.new_page()
    found = {}
    try:
        _sign_in(page, "buyer7")
        found["order"] = buy(page, COFFEE, SUGAR)
        found["receipt"] = receipt_code(page)
        put_into_cart(page, SUGAR)
        for who, address, name, pattern in (
            (None, "/ko/programs", "program", r"/ko/programs/([^/?#]+)$"),
            ("coop", f"/ko/{DESK}/orders", "parcel", rf"/{DESK}/orders/([^/?#]+)$"),
            ("kotra", "/ko/trade/rfqs", "rfq", r"/trade/rfqs/([^/?#]+)$"),
            ("kotra", "/ko/trade/rfqs/{rfq}", "quotation", r"/trade/quotations/([^/?#]+)$"),
            ("admin1", "/ko/admin/ledger/", "entry", r"/admin/ledger/(\d+)$"),
            ("admin1", "/ko/admin/pledges", "pledge", r"/admin/pledges/(?!new)([^/?#]+)$"),
        ):
            if who:
                _sign_in(page, who)
            page.goto(address.format(**found))
            links = page.locator("main a").evaluate_all("links => links.map(link => link.href)")
            found[name] = next(m[1] for link in reversed(links) if (m := re.search(pattern, link)))
    finally:
        context.close()
    return found


def _sign_in(page: Page, who: str) -> None:
    from tests.browser.conftest import sign_in

    page.context.clear_cookies()
    sign_in(page, who)


def addresses(who: str | None, facts: dict[str, str]) -> list[str]:
    """Each page in one language, turn by turn."""
    return [
        f"/{lang}/{page.format(**facts)}"
        for page, lang in zip(PAGES[who], cycle(("ko", "id", "en")), strict=False)
    ]


@pytest.mark.parametrize("who", READERS)
def test_no_page_scrolls_sideways_or_fails_a_reader(visit, facts, who):
    page = visit(who, at=NARROW)
    wrong = []
    for number, address in enumerate(addresses(who, facts)):
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
        for scheme, size in zip(
            ("light", "dark"), (PHONE, DESKTOP) if number % 2 else (DESKTOP, PHONE), strict=True
        ):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            wrong += [f"{address}, {scheme} at {size['width']}: {each}" for each in axe(page)]

    assert not wrong, listed(wrong)


def listed(lines: list[str]) -> str:
    return "\n" + "\n".join(lines)


def axe(page: Page) -> list[str]:
    """What axe finds, a line each."""
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']} {[node['target'][0] for node in rule['nodes'][:3]]}" for rule in found]


@pytest.mark.parametrize("who", READERS)
def test_no_link_leads_nowhere(visit, facts, base_url, who):
    page = visit(who)
    request, asked, dead = page.request, set(), []
    for address in addresses(who, facts):
        html = request.get(address).text()
        for link in sorted(links_in(html, base_url + address, base_url) - asked):
            asked.add(link)
            if (status := request.get(link).status) >= 400:
                dead.append(f"{link} on {address}: {status}")

    assert not dead, listed(dead)


def links_in(html: str, here: str, base_url: str) -> set[str]:
    """Addresses of our own that `html` links to, without filters and other languages."""
    found = set()
    for link in re.findall(r'<a\b[^>]*\shref="([^"]+)"', html):
        whole = urldefrag(urljoin(here, link.replace("&amp;", "&"))).url
        if whole.startswith(base_url) and "?" not in whole:
            found.add(whole)
    return {
        link for link in found if link[len(base_url) + 1 :][:2] == here[len(base_url) + 1 :][:2]
    }


@pytest.mark.parametrize("who", READERS)
def test_a_first_visit_weighs_at_most_45_kilobytes(visit, facts, base_url, who):
    request = visit(who).request
    sizes, heavy = {}, {}
    for address in addresses(who, facts):
        html = request.get(address).text()
        parts = re.findall(r'<(?:link rel="stylesheet" href|script[^>]* src)="([^"]+)"', html)
        parts += {link.split("#")[0] for link in re.findall(r'<use href="([^"]+)"', html)}
        whole = packed(html.encode()) + sum(
            size_of(request, part, sizes) for part in dict.fromkeys(parts)
        )
        if whole > MOST_BYTES:
            heavy[address] = whole

    assert heavy == {}


def packed(content: bytes) -> int:
    return len(gzip.compress(content, 6))


def size_of(request: APIRequestContext, address: str, sizes: dict[str, int]) -> int:
    if address not in sizes:
        sizes[address] = packed(request.get(address).body())
    return sizes[address]
