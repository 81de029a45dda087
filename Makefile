# `make` alone lists the targets. HOST, PORT, DATA_DIR, DATABASE_URL and REDIS_URL may stand in the
# environment, in .env, or behind a target: make run PORT=9000

# The first Python that is new enough; only its standard library is needed.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
SETUP = $(if $(PYTHON),$(PYTHON) scripts/setup.py,$(error ChatSphere needs Python 3.11 or newer))
BIN = .venv/bin
T ?= tests
# The database server that the tests run their clusters on: postgresql, or mariadb for the whole suite on it.
DATABASE ?= postgresql
# Workers of the tests: the whole suite side by side, a part of it in one process, which starts faster.
N ?= $(if $(filter tests,$(T)),auto,0)
# Some environments switch it off, and then each process compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run install web test promises soak bench bench-servers check clean flower lock

help: ## List the targets
	@echo "ChatSphere. Targets:"
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS="$$(printf '\t')" \
		read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done

run: install ## Set up what is missing, then serve: make run [PORT=9000] [HOST=0.0.0.0] [DATA_DIR=data]
	@exec $(BIN)/python scripts/serve.py

install: ## Install the Python packages into .venv and build the page
	@$(SETUP) install

web: ## Build the page
	@$(SETUP) web

test: ## Run the tests with all they need: make test [T=tests/messages] [N=workers] [DATABASE=mariadb]
	@$(SETUP) test
	@TEST_DATABASE=$(DATABASE) exec $(BIN)/python -m pytest -n $(N) $(T)

promises: ## Prove what we promise, each with its figure, against processes that are killed and cut
	@$(SETUP) test
	@exec $(BIN)/python -m pytest -q -n $(N) tests/promises

soak: ## The same at length (an hour)
	@SOAK=1 $(MAKE) --no-print-directory promises N=0

bench: ## Measure the server against others, fifteen minutes: make bench [B=fanout]
	@$(SETUP) test
	@exec $(BIN)/python -m benchmarks.run $(B)

bench-servers: ## The same beside ejabberd and Matrix Synapse, which it installs first: as root, ten minutes
	@$(SETUP) test
	@exec $(BIN)/python -m benchmarks.servers.run

check: ## Everything CI checks: format, lint, types, the page's tests, then the tests
	@$(SETUP) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(SETUP) npm run typecheck
	@$(SETUP) npm run lint
	@$(SETUP) npm test
	@$(MAKE) --no-print-directory test

flower: ## Watch the Celery workers: make flower REDIS_URL=redis://… FLOWER_BASIC_AUTH=name:password
	@$(SETUP) install
	@test -n "$(FLOWER_BASIC_AUTH)" || { echo "Set FLOWER_BASIC_AUTH=name:password."; exit 1; }
	@FLOWER_BASIC_AUTH=$(FLOWER_BASIC_AUTH) exec $(BIN)/celery -A workers flower --address=127.0.0.1

lock: ## Write the requirements files anew from pyproject.toml: make lock [UPGRADE=1]
	@$(SETUP) install
	@$(BIN)/python scripts/lock.py

clean: ## Remove everything that was built or installed; DATA_DIR stays
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf web/node_modules web/dist web/dist-client
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
