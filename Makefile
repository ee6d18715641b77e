# make demo | test | bench: see README.md. Everything Python goes into .venv; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench docs constraints clean python

help: ## this list
	@echo "The gateway. First time here: make demo"
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1 \2/p' Makefile | awk '{ $$2 = sprintf("%-12s", $$2); print "  " $$0 }'

demo: python ## plays one case between a municipality and a provider on this machine
	@$(PYTHON) scripts/bootstrap.py demo && $(BIN)/gateway demo $(ARGS)

test: python ## sets up what the tests need, then lint, types, import contract, tests with coverage
	@$(PYTHON) scripts/bootstrap.py test && $(BIN)/python -m scripts.check $(ARGS)

lint: python ## ruff, mypy and the import contract only
	@$(PYTHON) scripts/bootstrap.py test --no-system && $(BIN)/python -m scripts.check --only lint

bench: python ## ratios against a yardstick, measured in this run
	@$(PYTHON) scripts/bootstrap.py bench --no-system && $(BIN)/python -m tests.bench $(ARGS)

docs: python ## writes the generated pages of docs/ again
	@$(PYTHON) scripts/bootstrap.py test --no-system && $(BIN)/python -m scripts.generated

constraints: python ## writes constraints.txt again from what .venv holds
	@$(PYTHON) scripts/bootstrap.py test --no-system && $(BIN)/python -m scripts.constraints

clean: ## removes .venv and the tools' caches; state in outbox/ stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.* \
	  .import_linter_cache .grimp_cache

python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "No $(PYTHON) found. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python" >&2; exit 2; }
