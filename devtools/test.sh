#!/usr/bin/env bash
# Everything that must hold. `fast` leaves out PostgreSQL and the browser.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

step() { printf '\n== %s\n' "$*"; }

if [ "${1:-}" != fast ]; then
  step "programs beyond Python"
  devtools/programs.sh
fi

step "lint, format, types, import contracts"
$bin/ruff check .
$bin/ruff format --check .
$bin/mypy --no-error-summary
$bin/lint-imports --no-cache | tail -n 8

step "unit and integration on SQLite"
$bin/python -m pytest -q -n 2 --dist loadfile --ignore tests/browser --engine sqlite
[ "${1:-}" = fast ] && exit 0

step "unit and integration on PostgreSQL"
$bin/python -m pytest -q -n 2 --dist loadfile --ignore tests/browser --engine postgresql

step "in the browser"
$bin/python -m pytest -q -n 2 --dist loadfile tests/browser
