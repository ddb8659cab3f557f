# Needs Python 3.11+ (with venv) and make; nothing else. `make help` lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Only what is locked, checked by hash, and never compiled here: a source build would fetch tools that are not locked.
LOCKED := install --quiet --require-hashes --only-binary :all:
# Two workers pay off once the suite is longer than their start-up; `make test JOBS=0` runs in one process.
JOBS   ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo serve test test-full test-long system-deps coverage lint format typecheck bench sandbox docs lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

# ---------------------------------------------------------------------------------------------------- the environment
# Each stamp is newer than the files it was made from, so a second run installs nothing.
RUNTIME := $(VENV)/.runtime-installed
DEV     := $(VENV)/.dev-installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("%s is Python %d.%d; 3.11 or newer is needed (make PYTHON=...)" % (sys.executable, *sys.version_info[:2]) if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(PIP) $(LOCKED) -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	$(PIP) $(LOCKED) -r requirements/dev.txt
	@touch $@

install: $(DEV) ## create .venv and install the locked dependencies

# ------------------------------------------------------------------------------------------------------------- running
demo: $(RUNTIME) ## start the service, fire CDS Hooks at it, show the cards, stop (KEEP=1: leave it up)
	$(BIN)/python -m fhir_fixtures.demo $(if $(KEEP),--keep,)

serve: $(RUNTIME) ## the service on 127.0.0.1:8000
	$(BIN)/cds-service serve $(SERVE_ARGS)

bench: $(DEV) ## speed as ratios measured in one run (BENCH_ARGS="--json FILE --rounds N")
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

sandbox:
	@echo "make sandbox is not there yet: loading stories into a FHIR server arrives with a later part." >&2; exit 1

docs: $(RUNTIME) ## write docs/labels/*.md: each label as a page for reviewers
	$(BIN)/python -m tests.labels.build_pages

# ------------------------------------------------------------------------------------------------------------- testing
lint: $(DEV) ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(DEV) ## mypy, strict
	$(BIN)/mypy

test: lint typecheck ## lint, types and the tests that need Python alone
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-full: $(DEV) ## the tests that need more than Python (see system-deps)
	$(BIN)/python -m pytest -m full $(PYTEST_ARGS)

test-long: $(DEV) ## the big counts: tests marked long, and every property with many more examples
	$(BIN)/python -m pytest -m "not full" --hypothesis-profile=long -n $(JOBS) $(PYTEST_ARGS)

coverage: $(DEV) ## branch coverage of the package
	$(BIN)/python -m coverage run -m pytest $(PYTEST_ARGS)
	$(BIN)/python -m coverage report

system-deps: ## system packages test-full needs
	@echo "No system packages are needed yet: test-full builds and installs the wheel with Python alone."

# -------------------------------------------------------------------------------------------------------------- upkeep
format: $(DEV) ## let ruff rewrite imports and layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCK_VENV := .venv-lock
COMPILE   := $(LOCK_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
             --no-header --no-emit-index-url $(if $(UPGRADE),--upgrade,)

$(LOCK_VENV)/.installed: requirements/lock.txt
	$(PYTHON) -m venv $(LOCK_VENV)
	$(LOCK_VENV)/bin/python -m pip --disable-pip-version-check $(LOCKED) -r requirements/lock.txt
	@touch $@

lock: $(LOCK_VENV)/.installed ## write requirements/*.txt anew (UPGRADE=1: newest versions)
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) requirements/build.in -o requirements/build.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/lock.in -o requirements/lock.txt

clean: ## remove environments, caches and build products
	rm -rf $(VENV) $(LOCK_VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov
	find cds_service fhir_fixtures benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
