# Every target sets up what it needs in .venv, once; `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
COVERAGE := $(CURDIR)/$(VENV)/coverage
PYTHONS := 3.11 3.12 3.13 3.14

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEVELOPMENT): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(RUNTIME) $@

.PHONY: setup
setup: $(DEVELOPMENT) ## Install everything for development in .venv

# Some accounts of the local organization refuse the role, so a right audit ends with 3.
.PHONY: demo
demo: $(RUNTIME) ## Audit a local organization, into demo-output/
	@$(BIN)/auditor demo --output-dir demo-output || [ $$? -eq 3 ]

.PHONY: test
test: $(DEVELOPMENT) ## Run the tests but the long ones (T=path and K=expression choose among all)
	@$(BIN)/python -m pytest $(T) $(if $(K),-k '$(K)') $(if $(T)$(K),,-m 'not long')

.PHONY: test-long
test-long: $(DEVELOPMENT) ## Run the tests that start processes, try many moments, or run many whole audits
	@$(BIN)/python -m pytest -m long

# A process that is killed takes what it measured with it, and may leave half a file: `combine` passes that over.
.PHONY: cov
cov: export COVERAGE_FILE := $(COVERAGE)/data
cov: $(DEVELOPMENT) ## Run them, and show which lines and branches of the package none of them reaches
	@rm -rf $(COVERAGE)
	@mkdir -p $(COVERAGE)
	@$(BIN)/coverage run -m pytest $(T) $(if $(K),-k '$(K)')
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

.PHONY: test-lowest
test-lowest: $(VENV)-lowest/.development ## Run them with the lowest versions that pyproject.toml admits
	@$(VENV)-lowest/bin/python -m pytest $(T) $(if $(K),-k '$(K)')

$(VENV)-lowest/.development: pyproject.toml tests/lowest.py
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python tests/lowest.py > $(VENV)-lowest/lowest.txt
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint $(VENV)-lowest/lowest.txt
	@touch $@

.PHONY: test-pythons
test-pythons: $(PYTHONS:%=test-python-%) ## Run them with each Python that is at hand

# The shims of pyenv are there for versions that it does not use; only one that starts is at hand.
.PHONY: $(PYTHONS:%=test-python-%)
$(PYTHONS:%=test-python-%): test-python-%:
	@python=$$(ls -d $(HOME)/.pyenv/versions/$*.*/bin/python 2> /dev/null | tail -n 1); \
	python=$${python:-python$*}; \
	if ! $$python -c '' 2> /dev/null; then echo "Python $*: SKIPPED, there is no python$* here."; exit 0; fi; \
	echo "Python $*: $$python"; \
	$$python -m venv $(VENV)-$* && \
	$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' && \
	$(VENV)-$*/bin/python -m pytest $(T) $(if $(K),-k '$(K)')

.PHONY: lint
lint: $(DEVELOPMENT) ## Check style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(DEVELOPMENT) ## Check types
	@$(BIN)/mypy

.PHONY: readme
readme: $(DEVELOPMENT) ## Write the help texts of the manual and the picture of the README anew
	@$(BIN)/python -m tests.manual

.PHONY: schema
schema: $(RUNTIME) ## Write the journal's JSON Schema anew, after a change of what it holds
	@$(BIN)/python -c 'from auditor.journal.schema import *; SHIPPED.write_text(schema_text(), encoding="utf-8")'

.PHONY: check
check: lint types test test-long ## All of the above that decides: what must pass before a change lands

.PHONY: build
build: $(DEVELOPMENT) ## Build the wheel into dist/, install it in an empty environment, and use it there
	@rm -rf dist
	@$(BIN)/python tests/wheel.py dist

.PHONY: bench
bench: $(DEVELOPMENT) ## Measure it beside boto3, aioboto3 and bare aiohttp
	@$(BIN)/python -m tests.benchmarks

.PHONY: bench-large
bench-large: $(DEVELOPMENT) ## Measure ten thousand accounts, and how budgets are kept
	@$(BIN)/python -m tests.benchmarks.large

.PHONY: chaos
chaos: $(DEVELOPMENT) ## Cut off audits in which all goes wrong, go on with them, and hold them against the truth
	@$(BIN)/python -m tests.chaos

.PHONY: format
format: $(DEVELOPMENT) ## Format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) $(VENV)-lowest $(PYTHONS:%=$(VENV)-%) demo-output dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
