"""How many pages a second, beside a bare page of the same server and beside other shops."""

from __future__ import annotations

import re
import statistics
import sys
import urllib.request
from http.cookies import SimpleCookie
from urllib.parse import quote

from devtools.bench.load import fetch, requests_a_second
from devtools.bench.settings import ROUNDS
from devtools.bench.table import Row

# Of a bare page; the search page has no budget of its own.
BUDGETS = {
    "sqlite": {
        "list page, cached": 0.80,
        "list page, 304": 0.90,
        "list page, uncached": 0.12,
        "product page, uncached": 0.25,
        "search page, uncached": None,
    },
    "postgresql": {
        "list page, cached": 0.80,
        "list page, 304": 0.90,
        "list page, uncached": 0.08,
        "product page, uncached": 0.15,
        "search page, uncached": None,
    },
}
# The best of Saleor, Vendure, django-oscar and flask-shop with the same 10,000 products on
# PostgreSQL, measured where a bare Flask page gave 5,800 requests/s; and how often we beat it.
PEERS = {
    "list page, uncached": (16.5, 40),
    "product page, uncached": (148.0, 8),
    "search page, uncached": (22.0, 20),
}
BARE_BESIDE_PEERS = 5800

Page = tuple[str, list[str]]


def speeds(address: str, engine: str) -> list[Row]:
    """Medians of interleaved rounds: first as parts of a bare page, then as peers' multiples."""
    pages = _pages(address)
    rates: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(ROUNDS):
        for name, (path, headers) in pages.items():
            rates[name].append(requests_a_second(address + path, headers))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    bare = medians.pop("bare")
    rows = [Row("bare Flask page", f"{bare:,.0f} req/s", "reference")]
    for name, rate in medians.items():
        rows.append(_beside_bare(name, rate, bare, BUDGETS[engine][name]))
    for name, (peer, budget) in PEERS.items():
        rows.append(_beside_peer(name, medians[name], peer * bare / BARE_BESIDE_PEERS, budget))
    return rows


def _beside_bare(name: str, rate: float, bare: float, budget: float | None) -> Row:
    text = f"{rate / bare:.2f} × bare ({rate:,.0f} req/s)"
    if budget is None:
        return Row(name, text, "see best peer")
    return Row(name, text, f"≥ {budget:.2f} ×", rate / bare >= budget)


def _beside_peer(name: str, rate: float, peer: float, budget: int) -> Row:
    text = f"{rate / peer:.0f} × best peer ({peer:.0f} req/s here)"
    return Row(name, text, f"≥ {budget} ×", rate / peer >= budget)


def _pages(address: str) -> dict[str, Page]:
    with urllib.request.urlopen(f"{address}/ko/products") as answer:
        etag = answer.headers.get("ETag", "")
    known = [f"Cookie: {_visitor_cookie(address)}"]
    return {
        "bare": ("/bare", []),
        "list page, cached": ("/ko/products", []),
        "list page, 304": ("/ko/products", [f"If-None-Match: {etag}"]),
        "list page, uncached": ("/ko/products", known),
        "product page, uncached": (product_path(address), known),
        "search page, uncached": (f"/ko/products?q={quote('커피')}", known),
    }


def product_path(address: str) -> str:
    found = re.search(rb'/ko/products/(volume-[^"?#]+)"', fetch(f"{address}/ko/products"))
    if found is None:
        sys.exit("The list shows no product.")
    return f"/ko/products/{found[1].decode()}"


def _visitor_cookie(address: str) -> str:
    """Of somebody who has opened a form, whose pages are therefore never kept."""
    with urllib.request.urlopen(f"{address}/ko/sign-in") as answer:
        cookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    return "; ".join(f"{name}={part.value}" for name, part in cookie.items())
