#!/usr/bin/env bash
# Everything that must hold. `fast` leaves out PostgreSQL and the browser.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

# The same sources are started again and again: their bytecode is worth keeping.
export PYTHONDONTWRITEBYTECODE=
# Slow by nature: histories of the whole house, and programs that are started and killed.
proofs=(tests/crash tests/ledger/simulation tests/ledger/test_exports.py)
proofs+=(tests/ledger/test_processes.py tests/orders/test_payout_books.py)

step() { printf '\n== %s\n' "$*"; }
# The files in their order, so that at the end no worker waits for a long one.
run() { $bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder "$@"; }

if [ "${1:-}" != fast ]; then
  step "programs beyond Python"
  devtools/programs.sh
fi

step "lint, format, types, import contracts"
$bin/ruff check .
$bin/ruff format --check .
$bin/mypy --no-error-summary
$bin/lint-imports --no-cache | tail -n 8

step "rules, rooms and pages on SQLite"
run --engine sqlite --ignore tests/browser "${proofs[@]/#/--ignore=}" tests

step "whole histories, crashes and exports on SQLite"
run --engine sqlite "${proofs[@]}"
[ "${1:-}" = fast ] && exit 0

step "all of it on PostgreSQL"
run --engine postgresql --ignore tests/browser tests

step "in the browser"
run tests/browser
