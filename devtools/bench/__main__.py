from __future__ import annotations

import gzip
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTS = int(os.environ.get("BENCH_PRODUCTS", "10000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
ROUNDS = 3


@dataclass
class Row:
    """One line of the table: what, measured, budget, and whether it holds."""

    what: str
    measured: str
    budget: str
    holds: bool


def main() -> None:
    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk. Install it with: apt-get install wrk")
    folder = Path(os.environ.get("BENCH_INSTANCE", tempfile.mkdtemp(prefix="lumbung-bench-")))
    environ = {
        **os.environ,
        "LUMBUNG_DEMO": "1",
        "LUMBUNG_INSTANCE": str(folder),
        "LUMBUNG_RATE_LIMITS": "0",
        "PYTHONPATH": str(ROOT),
    }
    prepare(environ)
    rows = [*start_time(environ), *search_time(environ)]
    with server(environ) as address:
        rows += weights(address)
        rows += speeds(address)
        rows += memory(address)
    show(rows)


def prepare(environ: dict[str, str]) -> None:
    flask = Path(sys.executable).parent / "flask"
    for step in (["db", "upgrade"], ["demo", "load", "--orders", "40"]):
        subprocess.run([flask, "--app", "wsgi", *step], cwd=ROOT, env=environ, check=True)
    code = (
        "from wsgi import app; from devtools.bench.goods import fill\n"
        f"with app.app_context(): fill({PRODUCTS})"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)


def start_time(environ: dict[str, str]) -> list[Row]:
    code = "from wsgi import app; app.test_client().get('/healthz')"
    times = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    best = min(times)
    return [Row("import to first answer, CPU", f"{best:.2f} s", "≤ 1.2 s", best <= 1.2)]


def search_time(environ: dict[str, str]) -> list[Row]:
    done = subprocess.run(
        [sys.executable, "-m", "devtools.bench.search"],
        cwd=ROOT,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    p50, p99 = map(float, done.stdout.split())
    text = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return [Row(f"search in the process, {PRODUCTS:,} products", text, "p99 ≤ 12 ms", p99 <= 12)]


@contextmanager
def server(environ: dict[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    granian = Path(sys.executable).parent / "granian"
    process = subprocess.Popen(
        [granian, "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        + ["--workers", "2", "--blocking-threads", "2", "--log-level", "error"]
        + ["devtools.bench.site:app"],
        cwd=ROOT,
        env=environ,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def weights(address: str) -> list[Row]:
    """First visit: page, stylesheets, script, sprite; then the page alone, all as gzip."""
    rows = []
    for name, path in (("home", "/ko/"), ("list", "/ko/products"), ("open ledger", "/ko/ledger")):
        page = fetch(f"{address}{path}")
        files = re.findall(rb'(?:href|src)="(/static/[^"#]+)', page)
        rest = {file.decode() for file in files} | {"/static/sprite.svg"}
        first = packed(page) + sum(packed(fetch(address + file)) for file in rest)
        again = packed(page)
        text = f"{first / 1024:.1f} KB first, {again / 1024:.1f} KB after"
        holds = first <= 45 * 1024 and again <= 20 * 1024
        rows.append(Row(f"weight of {name}", text, "≤ 45 KB, ≤ 20 KB", holds))
    return rows


def speeds(address: str) -> list[Row]:
    """Medians of interleaved rounds, as ratios to the bare page."""
    slug = re.search(rb'/ko/products/(volume-[^"?#]+)"', fetch(f"{address}/ko/products"))
    if slug is None:
        sys.exit("The list shows no product.")
    product = f"/ko/products/{slug[1].decode()}"
    with urllib.request.urlopen(f"{address}/ko/products") as answer:
        etag = answer.headers.get("ETag", "")
    visitor = visitor_cookie(address)
    pages = {
        "bare": ("/bare", []),
        "list page, cached": ("/ko/products", []),
        "list page, 304": ("/ko/products", [f"If-None-Match: {etag}"]),
        "list page, uncached": ("/ko/products", [f"Cookie: {visitor}"]),
        "product page, uncached": (product, [f"Cookie: {visitor}"]),
    }
    budgets = {
        "list page, cached": 0.80,
        "list page, 304": 0.90,
        "list page, uncached": 0.12,
        "product page, uncached": 0.25,
    }
    rates: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(ROUNDS):
        for name, (path, headers) in pages.items():
            rates[name].append(wrk(address + path, headers))
    bare = statistics.median(rates["bare"])
    rows = [Row("bare Flask page", f"{bare:,.0f} req/s", "reference", True)]
    for name, budget in budgets.items():
        rate = statistics.median(rates[name])
        text = f"{rate / bare:.2f} × ({rate:,.0f} req/s)"
        rows.append(Row(name, text, f"≥ {budget:.2f} ×", rate / bare >= budget))
    return rows


def memory(address: str) -> list[Row]:
    """The largest web process after 10,000 requests more."""
    for path in ("/ko/products", "/ko/ledger", "/ko/"):
        wrk(address + path, [], seconds=2)
    pids = subprocess.run(
        ["pgrep", "-f", "devtools.bench.site:app"], capture_output=True, text=True, check=True
    ).stdout.split()
    sizes = []
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        sizes.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)  # type: ignore[index]
    return [Row("memory per web process", f"{max(sizes):.0f} MB", "≤ 130 MB", max(sizes) <= 130)]


def visitor_cookie(address: str) -> str:
    """Of somebody who has opened a form, whose pages are therefore never kept."""
    with urllib.request.urlopen(f"{address}/ko/sign-in") as answer:
        cookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    return "; ".join(f"{name}={part.value}" for name, part in cookie.items())


def wrk(url: str, headers: list[str], seconds: int = SECONDS) -> float:
    words = ["wrk", "-t", "1", "-c", "8", "-d", f"{seconds}s"]
    for header in headers:
        words += ["-H", header]
    done = subprocess.run([*words, url], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout and "If-None-Match" not in str(headers):
        sys.exit(f"{url} did not answer 200:\n{done.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])  # type: ignore[index]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


def packed(body: bytes) -> int:
    return len(gzip.compress(body, 6))


def show(rows: list[Row]) -> None:
    wide = max(len(row.what) for row in rows)
    middle = max(len(row.measured) for row in rows)
    for row in rows:
        mark = "" if row.holds else "   ← over budget"
        print(f"{row.what:<{wide}}   {row.measured:<{middle}}   {row.budget}{mark}")


if __name__ == "__main__":
    main()
