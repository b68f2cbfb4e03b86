from __future__ import annotations

import gzip
import re

from devtools.bench.load import fetch
from devtools.bench.table import Row

PAGES = {"home": "/ko/", "list": "/ko/products", "open ledger": "/ko/ledger"}
KB = 1024


def weights(address: str) -> list[Row]:
    """First visit: page, stylesheets, script, sprite; then the page alone, all as gzip."""
    rows = []
    for name, path in PAGES.items():
        page = fetch(f"{address}{path}")
        files = re.findall(rb'(?:href|src)="(/static/[^"#]+)', page)
        rest = {file.decode() for file in files} | {"/static/sprite.svg"}
        again = _packed(page)
        first = again + sum(_packed(fetch(address + file)) for file in rest)
        text = f"{first / KB:.1f} KB first, {again / KB:.1f} KB after"
        holds = first <= 45 * KB and again <= 20 * KB
        rows.append(Row(f"weight of {name}", text, "≤ 45 KB, ≤ 20 KB", holds))
    return rows


def _packed(body: bytes) -> int:
    return len(gzip.compress(body, 6))
