"""Asking for pages: once, or as often as eight connections can."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request

from devtools.bench.settings import SECONDS


def require_wrk() -> None:
    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk. Install it with: apt-get install wrk")


def requests_a_second(url: str, headers: list[str], seconds: int = SECONDS) -> float:
    words = ["wrk", "-t", "1", "-c", "8", "-d", f"{seconds}s"]
    for header in headers:
        words += ["-H", header]
    done = subprocess.run([*words, url], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout and "If-None-Match" not in str(headers):
        sys.exit(f"{url} did not answer 200:\n{done.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    return float(found[1]) if found else 0.0


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())
