from __future__ import annotations

from devtools.bench.load import requests_a_second
from devtools.bench.server import Server
from devtools.bench.table import Row


def memory(server: Server) -> list[Row]:
    """The largest web process after 10,000 requests more."""
    for path in ("/ko/products", "/ko/ledger", "/ko/"):
        requests_a_second(server.address + path, [], seconds=2)
    size = server.resident_mb()
    return [Row("memory per web process", f"{size:.0f} MB", "≤ 130 MB", size <= 130)]
