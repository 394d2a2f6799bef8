# `make` alone lists what there is. Needs Python 3.11 or newer and nothing else.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
KILLS ?= 200
INPUTS ?= 1000000

.DEFAULT_GOAL := help
.PHONY: help run test torture fuzz bench bench-peers screenshots lint format messages clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
		| while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

run: ## Start alertops with demo data in this terminal; Ctrl-C stops it (PORT=8001, HOST=0.0.0.0)
	@exec $(PYTHON) scripts/environment.py serve --host $(HOST) --port $(PORT)

test: .dev ## Run every check and test, as CI does
	@exec .venv/bin/python -m tests.everything

torture: .dev ## Try shifts in every time zone, kill processes while deliveries arrive (KILLS=200), and write a report
	@exec .venv/bin/python -m tests.torture --kills $(KILLS)

bench: .dev ## Measure limits, alertops and its peers (ARGS="accept --quick"), and write a report
	@exec .venv/bin/python -m bench $(ARGS)

bench-peers: ## Install Alerta into var/peers, to be measured beside alertops
	@$(PYTHON) -m venv var/peers/alerta
	@exec var/peers/alerta/bin/pip install --quiet alerta-server psycopg2-binary gunicorn

screenshots: .dev ## Photograph every page, wide and narrow, light and dark, into screenshots/ (ARGS="--only alert")
	@exec .venv/bin/python -m tests.pictures $(ARGS)

fuzz: .dev ## Try made-up inputs on all that reads them (INPUTS=1000000), and write a report
	@exec .venv/bin/python -m tests.fuzz --inputs $(INPUTS)

lint: .dev ## Check style and types
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && ALERTOPS_SECRET_KEY=lint .venv/bin/mypy

format: .dev ## Format the code
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

messages: .dev ## Gather the texts that people read, and compile their translations; needs GNU gettext
	@ALERTOPS_SECRET_KEY=messages .venv/bin/python manage.py messages

clean: ## Remove the environment and caches; the data in var/ stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: .dev
.dev:
	@$(PYTHON) scripts/environment.py --dev
