# make run   the console on a live demo fleet      make test   everything that can fail
# make venv  only the installation                 make check  what CI runs
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST_ARGS ?= -n auto

.DEFAULT_GOAL := help
.PHONY: help run test venv check format lint types contracts tests benchmarks pictures clean need

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: venv ## the console on the demo fleet (q leaves)
	@exec $(BIN)/opsconsole demo

test: venv tests ## install, then run every test

venv: need $(VENV)/.installed ## install into .venv and stop

need:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "opsconsole needs $(PYTHON), 3.11 or newer (Debian: apt install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "opsconsole needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module (Debian: apt install python3-venv)"; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@$(BIN)/python -m compileall -q $(VENV)/lib opsconsole >/dev/null 2>&1 || true
	@touch $@

check: venv format lint types contracts tests ## format, lint, types, import contracts, tests

format:
	@echo "== format"; $(BIN)/ruff format --check .
lint:
	@echo "== lint"; $(BIN)/ruff check . && $(BIN)/codespell README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md docs opsconsole plugins rules
types:
	@echo "== types"; $(BIN)/mypy
contracts:
	@echo "== contracts"; $(BIN)/lint-imports --no-cache
tests:
	@echo "== tests"; $(BIN)/python -m pytest $(PYTEST_ARGS) --ignore tests/e2e --ignore tests/packaging
	@echo "== end to end, one at a time"; $(BIN)/python -m pytest tests/e2e tests/packaging

benchmarks: venv ## print the table of costs, peers side by side
	@$(BIN)/python -m benchmarks

pictures: venv ## draw the pictures of the screen anew (look at each before you commit it)
	@$(BIN)/python -m pytest tests/ui -q --snapshot-update -k picture

clean: ## remove what make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
