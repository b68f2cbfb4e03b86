"""Lighthouse's own four scores of a phone, where npx and Chromium are there to ask."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

from devtools.bench.pages import product_path
from devtools.bench.table import Row

VERSION = "12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
BUDGET = "100 / 100 / 100 / 100"
CHROME_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
)


def scores(address: str) -> list[Row]:
    """Performance, accessibility, best practices and search engines, of four pages."""
    missing = [name for name in ("npx", "chromium") if shutil.which(name) is None]
    if missing:
        return [Row("Lighthouse, phone", f"not measured: {missing[0]} is missing", BUDGET)]
    pages = {
        "home": "/ko/",
        "list": "/ko/products",
        "product": product_path(address),
        "open ledger": "/ko/ledger",
    }
    return [_row(name, _ask(address + path)) for name, path in pages.items()]


def _row(page: str, report: dict[str, Any]) -> Row:
    found = [round(report["categories"][name]["score"] * 100) for name in CATEGORIES]
    text = " / ".join(map(str, found))
    return Row(f"Lighthouse, phone, {page}", text, BUDGET, set(found) == {100})


def _ask(url: str) -> dict[str, Any]:
    done = subprocess.run(
        ["npx", "--yes", f"lighthouse@{VERSION}", url, "--quiet"]
        + [f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={CHROME_FLAGS}"]
        + ["--output=json", "--output-path=stdout"],
        env={**os.environ, "CHROME_PATH": shutil.which("chromium") or ""},
        check=True,
        capture_output=True,
        text=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report
