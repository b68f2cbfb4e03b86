"""Every page: no dead link, and light to load."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from playwright.sync_api import APIRequestContext

from tests.browser.pages import READERS, addresses, listed

MOST_BYTES = 45 * 1024
OF_A_SHAPE = 10


@pytest.mark.parametrize("who", READERS)
def test_no_link_leads_nowhere(visit, numbers, base_url, who):
    page = visit(who)
    request, asked, alike, dead = page.request, set(), Counter(), []
    for address in addresses(who, numbers):
        html = request.get(address).text()
        for link in sorted(links_in(html, base_url + address, base_url) - asked):
            asked.add(link)
            alike[shape_of(link)] += 1
            if alike[shape_of(link)] > OF_A_SHAPE:
                continue
            if (status := request.get(link).status) >= 400:
                dead.append(f"{link} on {address}: {status}")

    assert not dead, listed(dead)


def shape_of(link: str) -> str:
    """`…/orders/#` of all orders, whose pages are made alike."""
    return re.sub(r"[^/]*\d[^/]*", "#", urlsplit(link).path)


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
def test_a_first_visit_weighs_at_most_45_kilobytes(visit, numbers, base_url, who):
    request = visit(who).request
    sizes, heavy = {}, {}
    for address in addresses(who, numbers):
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
