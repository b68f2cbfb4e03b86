#!/usr/bin/env bash
# Everything that must hold. `fast` leaves out PostgreSQL and the browser.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

step() { printf '\n== %s (after %s s)\n' "$*" "$SECONDS"; }
# The files in their order, so that at the end no worker waits for a long one.
run() { $bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder "$@"; }

lint() {
  $bin/ruff check . && $bin/ruff format --check . && $bin/mypy --no-error-summary &&
    $bin/lint-imports --no-cache
}
trap 'wait' EXIT

step "packages, and programs beyond Python"
programs=
[ "${1:-}" = fast ] || { devtools/programs.sh & programs=$!; }
make --no-print-directory ready
[ -z "$programs" ] || wait "$programs"

step "rules, without a database; beside them lint, format, types, import contracts"
lint > .venv/lint.log 2>&1 &
linted=$!
run -m "not database" --ignore tests/browser tests
wait "$linted" || { cat .venv/lint.log >&2; exit 1; }

step "rooms, pages and whole histories on SQLite"
run -m database --engine sqlite tests
[ "${1:-}" = fast ] && exit 0

step "all of that on PostgreSQL"
run -m database --engine postgresql tests

step "in the browser"
# Each test stands alone there, and a worker that is done takes over what waits.
run --dist worksteal tests/browser
step "done"
