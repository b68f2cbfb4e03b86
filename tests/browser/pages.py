"""The addresses of all pages, for each kind of reader."""

from __future__ import annotations

import re
from itertools import cycle

from playwright.sync_api import Page

from tests.browser.buying import COFFEE, SUGAR, buy, put_into_cart, receipt_code
from tests.browser.signing import sign_in

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
        "ledger/heads",
        "receipts",
        "r/{receipt}",
        "sign-in",
        "register",
        "guide",
        "cart",
    ],
    "buyer7": [
        "cart",
        "checkout",
        "orders",
        "orders/{order}",
        "orders/{order}/parcels/{order}-1/cancellation",
    ],
    "coop": [
        f"{DESK}/",
        f"{DESK}/orders",
        f"{DESK}/orders?tab=buyers",
        f"{DESK}/orders/{{parcel}}",
        f"{DESK}/products",
        f"{DESK}/products/new",
        f"{DESK}/products/{SUGAR}",
        f"{DESK}/exports/",
        f"{DESK}/exports/{SUGAR}",
        f"{DESK}/rfqs/",
        f"{DESK}/rfqs/{{rfq}}",
        f"{DESK}/payouts",
        f"{DESK}/payouts/{{slip}}",
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
        "admin/ledger/seals/",
        "admin/ledger/periods/",
        "admin/funds/",
        "admin/reconciliation/bank/{line}",
        "admin/programs",
        "admin/programs/new",
        "admin/programs/new?village=34.01.12.2003",
        "admin/programs/P-0001",
        "admin/programs/P-0001/shares/?part=P-0001-1",
        "admin/programs/P-0029",
        "admin/programs/P-0030",
        "admin/pledges",
        "admin/pledges/new",
        "admin/pledges/{pledge}",
        "authenticator",
        "admin/payouts/",
        "admin/payouts/batches/{batch}",
        "admin/payouts/{payout}",
        "admin/payouts/accounts/ksu-jatirogo",
    ],
}
READERS = list(PAGES)


def find_numbers(page: Page) -> dict[str, str]:
    """Numbers of things in the demo, for the addresses; one order is made for them."""
    found = {}
    _sign_in_anew(page, "buyer7")
    found["order"] = buy(page, COFFEE, SUGAR)
    found["receipt"] = receipt_code(page)
    put_into_cart(page, SUGAR)
    for who, address, name, pattern in (
        (None, "/ko/programs", "program", r"/ko/programs/([^/?#]+)$"),
        ("coop", f"/ko/{DESK}/orders", "parcel", rf"/{DESK}/orders/([^/?#]+)$"),
        ("coop", f"/ko/{DESK}/payouts", "slip", rf"/{DESK}/payouts/([^/?#]+)$"),
        ("kotra", "/ko/trade/rfqs", "rfq", r"/trade/rfqs/([^/?#]+)$"),
        ("kotra", "/ko/trade/rfqs/{rfq}", "quotation", r"/trade/quotations/([^/?#]+)$"),
        ("admin1", "/ko/admin/ledger/", "entry", r"/admin/ledger/(\d+)$"),
        ("admin1", "/ko/admin/pledges", "pledge", r"/admin/pledges/(?!new)([^/?#]+)$"),
        ("admin1", "/ko/admin/programs/P-0001", "line", r"/reconciliation/bank/(\d+)$"),
        ("admin1", "/ko/admin/payouts/", "batch", r"/admin/payouts/batches/([^/?#]+)$"),
        ("admin1", "/ko/admin/payouts/batches/{batch}", "payout", r"/payouts/(PO-[^/?#]+)$"),
    ):
        if who:
            _sign_in_anew(page, who)
        page.goto(address.format(**found))
        links = page.locator("main a").evaluate_all("links => links.map(link => link.href)")
        found[name] = next(m[1] for link in reversed(links) if (m := re.search(pattern, link)))
    return found


def _sign_in_anew(page: Page, who: str) -> None:
    page.context.clear_cookies()
    sign_in(page, who)


def addresses(who: str | None, numbers: dict[str, str]) -> list[str]:
    """Each page in one language, turn by turn."""
    return [
        f"/{lang}/{page.format(**numbers)}"
        for page, lang in zip(PAGES[who], cycle(("ko", "id", "en")), strict=False)
    ]


def listed(lines: list[str]) -> str:
    return "\n" + "\n".join(lines)


def do_for_good(form, title) -> None:
    """Press the button of an act that cannot be undone, and say yes when asked."""
    form.locator("details.sure > summary").filter(has_text=title).click()
    form.page.locator("dialog[open] .sure__act .btn:not(.is-line)").click()
