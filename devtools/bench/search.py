"""Times searches inside the process, over a volume that only the index knows.

`python -m devtools.bench.search ENGINE SIZE` fills a database of its own and prints p50 and p99 in
ms: of the time that processors spent (ours, and PostgreSQL's for us), then of the wall clock, which
on a busy machine tells of its other work.
"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import text

from devtools.bench.volume import documents
from marketplace import create_app
from marketplace.catalog import index
from marketplace.catalog.analysis import words
from marketplace.catalog.search import Filters, search
from marketplace.demo.goods import read_products
from marketplace.kernel.config import read_config
from marketplace.kernel.db import db, transaction
from tests.postgresql import Cluster

ROOT = Path(__file__).resolve().parent.parent.parent
RATE = Decimal("11.50")
QUESTIONS = 400
ROUNDS = 5
BITE = 2000
LANGS = ("ko", "id", "en")
PLACES = {
    "ko": ("아체", "발리", "서자바", "중부자바"),
    "id": ("Aceh", "Bali", "Jawa Barat", "Papua"),
    "en": ("Aceh", "Bali", "West Java", "Papua"),
}

Question = tuple[str, Filters]


def main() -> None:
    engine, size = sys.argv[1], int(sys.argv[2])
    folder = Path(tempfile.mkdtemp(prefix="lumbung-bench-search-"))
    try:
        with database(engine) as url:
            environ = {"LUMBUNG_DEMO": "1", "LUMBUNG_INSTANCE": str(folder), "DATABASE_URL": url}
            app = create_app(read_config(environ, ROOT))
            with app.app_context():
                upgrade()
                fill(size)
                print(*measure())
                db.session.remove()
                db.engine.dispose()
    finally:
        shutil.rmtree(folder)


@contextmanager
def database(engine: str) -> Iterator[str]:
    """The address of an empty database; nothing says SQLite."""
    if engine == "sqlite":
        yield ""
        return
    cluster = Cluster()
    cluster.start()
    try:
        yield cluster.url("postgres")
    finally:
        cluster.stop()


def fill(size: int) -> None:
    """Write `size` documents. Their products do not exist, so nothing may ask for them."""
    made = documents(size)
    with transaction():
        if not index.is_sqlite():
            run("SET LOCAL statement_timeout = 0")
            run("ALTER TABLE product_search DROP CONSTRAINT product_search_product_id_fkey")
            run("DROP INDEX ix_product_search_document")
        while bite := list(islice(made, BITE)):
            index.write(bite)
        if not index.is_sqlite():
            run("SET LOCAL maintenance_work_mem = '256MB'")
            run("CREATE INDEX ix_product_search_document ON product_search USING gin (document)")
    if not index.is_sqlite():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")


def run(statement: str) -> None:
    db.session.execute(text(statement))


def measure() -> list[str]:
    """Each question counts with its median over the rounds; the first one only warms up."""
    asked = questions()
    spent = processors()
    rounds = [ask(asked, spent) for _ in range(1 + ROUNDS)][1:]
    figures = []
    for clock in range(2):
        times = [
            statistics.median(one[clock][place] for one in rounds) for place in range(QUESTIONS)
        ]
        figures += [statistics.median(times), statistics.quantiles(times, n=100)[98]]
    return [f"{figure:.2f}" for figure in figures]


def ask(asked: list[Question], spent: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Milliseconds of processors and of the wall clock, for each question."""
    cores, walls = [], []
    for number, (typed, filters) in enumerate(asked):
        wall, core = time.perf_counter(), spent()
        # A version of its own for each question, so that nothing is remembered.
        search(typed, filters, rate=RATE, version=-number - int(time.time()) * QUESTIONS)
        cores.append((spent() - core) * 1000)
        walls.append((time.perf_counter() - wall) * 1000)
    return cores, walls


def processors() -> Callable[[], float]:
    """A clock of the seconds that processors spent for our questions."""
    if index.is_sqlite():
        return time.process_time
    pid = db.session.scalar(text("SELECT pg_backend_pid()"))
    theirs = Path(f"/proc/{pid}/schedstat")
    return lambda: time.process_time() + int(theirs.read_text().split()[0]) / 1e9


def questions() -> list[Question]:
    """One or two words as buyers type them, in three languages, half of them with a filter."""
    dice = random.Random(1)
    goods = read_products()
    return [_question(dice.choice(goods), dice) for _ in range(QUESTIONS)]


def _question(row: dict[str, str], dice: random.Random) -> Question:
    lang = dice.choice(LANGS)
    said = words(row[f"name_{lang}"])
    place = dice.randrange(len(said))
    word = said[place]
    slip = dice.randrange(len(word))
    typed = {
        "one word": word,
        "two words": " ".join(said[place : place + 2]),
        "goods and a place": f"{word} {dice.choice(PLACES[lang])}",
        "a slip": word[:slip] + ("x" if word.isascii() else "뷁") + word[slip + 1 :],
    }
    filters = {
        "none": Filters(),
        "category": Filters(category=(row["category"],)),
        "province": Filters(province=(dice.choice(("AC", "BA", "JB", "JT")),)),
        "price": Filters(price_from=10_000, price_to=30_000),
        "to order": Filters(is_available=True, certificate=dice.choice(((), ("halal",)))),
    }
    (kind,) = dice.choices(list(typed), (45, 40, 10, 5))
    (choice,) = dice.choices(list(filters), (50, 20, 10, 10, 10))
    return typed[kind], filters[choice]


if __name__ == "__main__":
    main()
