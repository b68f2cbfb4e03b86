#!/usr/bin/env bash
# Everything that must hold. `fast` leaves out PostgreSQL and the browser.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

# The same sources are started again and again: their bytecode is worth keeping.
export PYTHONDONTWRITEBYTECODE=

step() { printf '\n== %s (after %s s)\n' "$*" "$SECONDS"; }
# The files in their order, so that at the end no worker waits for a long one.
run() { $bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder "$@"; }

if [ "${1:-}" != fast ]; then
  step "programs beyond Python"
  devtools/programs.sh &
  programs=$!
  trap 'wait' EXIT
fi

step "lint, format, types, import contracts"
$bin/ruff check .
$bin/ruff format --check .
$bin/mypy --no-error-summary
$bin/lint-imports --no-cache | tail -n 8

step "rules, without a database"
run -m "not database" --ignore tests/browser tests
[ -z "${programs:-}" ] || wait "$programs"

step "rooms, pages and whole histories on SQLite"
run -m database --engine sqlite tests
[ "${1:-}" = fast ] && exit 0

step "all of that on PostgreSQL"
run -m database --engine postgresql tests

step "in the browser"
# Each test stands alone there, and a worker that is done takes over what waits.
run --dist worksteal tests/browser
step "done"
