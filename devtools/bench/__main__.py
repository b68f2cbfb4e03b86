"""`make bench`: what we promise of speed, weight and memory, measured, beside its budget."""

from __future__ import annotations

import os

from devtools.bench.instances import instance
from devtools.bench.ledger import books
from devtools.bench.lighthouse import scores
from devtools.bench.load import require_wrk
from devtools.bench.memory import memory
from devtools.bench.orders import sales
from devtools.bench.pages import speeds
from devtools.bench.processes import search_time, start_time
from devtools.bench.server import serving
from devtools.bench.settings import ENGINES
from devtools.bench.table import Row, show
from devtools.bench.weights import weights


def main() -> None:
    """Everything, or what BENCH_ONLY names: `ledger` or `orders`."""
    only = os.environ.get("BENCH_ONLY", "")
    if not only:
        require_wrk()
    for engine in ENGINES:
        if only == "orders":
            show(f"Orders on {engine}", measure_orders(engine))
            continue
        if not only:
            show(f"On {engine}", measure(engine))
        show(f"The ledger on {engine}", books(engine))


def measure_orders(engine: str) -> list[Row]:
    with instance(engine) as environ, serving(environ) as server:
        return sales(server, engine)


def measure(engine: str) -> list[Row]:
    with instance(engine) as environ:
        rows = [*start_time(environ), *search_time(engine)]
        with serving(environ) as server:
            if engine == ENGINES[0]:
                rows += [*weights(server.address), *scores(server.address)]
            rows += speeds(server.address, engine)
            rows += memory(server)
            rows += sales(server, engine)
    return rows


if __name__ == "__main__":
    main()
