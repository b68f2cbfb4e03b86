"""Prints p50 and p99 (ms) of searches inside the process: words, filters, facets."""

from __future__ import annotations

import random
import statistics
import time

from marketplace.catalog.search import Filters, search
from marketplace.kernel.time import now, today_in_seoul
from marketplace.reference.queries import rate_on
from wsgi import app

WORDS = ("커피", "바틱", "kopi arabika", "gula aren", "라탄 바구니", "tenun", "꿀", "lada")
CATEGORIES = ((), (), ("coffee",), ("textile",), ("snack",))
QUESTIONS = 400


def main() -> None:
    dice = random.Random(1)
    times = []
    with app.app_context():
        rate, _ = rate_on("KRW", "IDR", today_in_seoul(now()))
        for number in range(QUESTIONS):
            filters = Filters(category=dice.choice(CATEGORIES))
            begun = time.perf_counter()
            # A version of its own for each question, so that nothing is remembered.
            search(dice.choice(WORDS), filters, rate=rate, version=-number)
            times.append((time.perf_counter() - begun) * 1000)
    print(statistics.median(times), statistics.quantiles(times, n=100)[98])


if __name__ == "__main__":
    main()
