"""How much is measured; the environment may ask for more or less."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTS = int(os.environ.get("BENCH_PRODUCTS", "10000"))
SEARCHED = int(os.environ.get("BENCH_PRODUCTS_SEARCH", "100000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite postgresql").split()
ROUNDS = 3
