# Two commands matter: `make run` and `make test`. Both set themselves up.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
# The same sources are started again and again: their bytecode is worth keeping.
export PYTHONDONTWRITEBYTECODE :=

.venv/.ready: requirements.lock devtools/set_up.sh
	@devtools/set_up.sh $(PYTHON)

CATALOGS := $(wildcard marketplace/translations/*/LC_MESSAGES/messages.po)
marketplace/translations/.compiled: $(CATALOGS) | .venv/.ready
	@$(BIN)/pybabel -q compile -d marketplace/translations && touch $@

.PHONY: ready
ready: .venv/.ready marketplace/translations/.compiled

.PHONY: run
run: ready ## Start the demo: web server, worker and the Stripe stand-in (PORT, HOST)
	@exec $(BIN)/python -m devtools.run

.PHONY: test
test: ## Check everything, as CI does
	@devtools/test.sh

.PHONY: check
check: ## The fast part of the tests, for every commit
	@devtools/test.sh fast

.PHONY: bench
bench: ready ## Measure speed, weight and memory beside their budgets
	@$(BIN)/python -m devtools.bench

.PHONY: soak
soak: ready ## Look for faults for long on both engines (SOAK_MINUTES, SOAK_KILLS)
	@devtools/soak.sh

.PHONY: translations
translations: ready ## Collect the texts of the pages into the catalogs
	@$(BIN)/python -m devtools.translations

.PHONY: docs
docs: ready ## Write the worked postings into docs/ledger.md
	@$(BIN)/python -m devtools.ledger_page

.PHONY: migration
migration: ready ## Write a migration from the models: make migration m="add x"
	@LUMBUNG_DEMO=1 $(BIN)/flask --app wsgi db migrate -m "$(m)"

.PHONY: lock
lock: ready ## Pin the newest versions of the dependencies
	@$(BIN)/uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock

.PHONY: help
help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 16
