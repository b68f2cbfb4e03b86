#!/usr/bin/env bash
# Look for faults for long: random histories for SOAK_MINUTES and SOAK_KILLS sudden ends, on each
# engine. A failure says how to repeat it.
set -euo pipefail
cd "$(dirname "$0")/.."
export SOAK_MINUTES="${SOAK_MINUTES:-5}" SOAK_KILLS="${SOAK_KILLS:-50}"

for engine in sqlite postgresql; do
  printf '\n== %s minutes of histories and %s kills on %s\n' "$SOAK_MINUTES" "$SOAK_KILLS" "$engine"
  .venv/bin/python -m pytest -q tests/ledger/simulation tests/ledger/test_processes.py tests/crash \
    --engine "$engine"
done
