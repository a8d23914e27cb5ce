# Everything a newcomer and a maintainer runs. `make help` lists it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# A wheel index with CPU builds of torch, where the default one serves the CUDA build (several GB): make setup TORCH_INDEX=https://…
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
EXTRA_INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
SIZE := about 700 MB to download and 2.7 GB on disk with a CPU build of torch; over 3 GB and over 6.3 GB with the CUDA build, which \
most indexes serve on Linux (make setup TORCH_INDEX=… names one with CPU builds)
UV := uv

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint types bench crash-test soak lock clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## Make .venv with everything pinned (TORCH_INDEX=… for a CPU build of torch from elsewhere)

run: $(VENV)/ready ## Ingest the sample company, start the API, ask three questions
	@$(BIN)/python tools/demo.py

test: $(VENV)/ready-dev ## Run all tests
	@$(BIN)/python -m pytest

check: lint types test ## Everything that must be green before a commit: style, layers, types, tests

lint: $(VENV)/ready-dev ## Check style (ruff) and layers (import-linter)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-logo

types: $(VENV)/ready-dev ## Check types (mypy, strict)
	@$(BIN)/mypy

bench: $(VENV)/ready-dev ## Measure retrieval, gate and latency on ../shared/eval, or on EVAL=folder
	@$(BIN)/python -m bench $(or $(EVAL),../shared/eval)

crash-test: $(VENV)/ready-dev ## Kill ingests at 200 random moments, fail their writes, fill their disk, and compare with clean builds
	@$(BIN)/python -m tools.crash_test

soak: $(VENV)/ready-dev ## Change documents, groups and keys at random while everybody asks; look for what leaks
	@$(BIN)/python -m tools.soak

lock: ## Resolve the dependencies anew into the lock files (needs uv)
	@$(UV) pip compile --quiet --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock
	@$(UV) pip compile --quiet --no-header --no-annotate --python-version 3.11 --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@# torch brings the nvidia packages that fit its build; pinned here they would be installed beside a CPU build, too
	@sed -i -E -e '/^(nvidia|cuda)-|^triton==/d' -e 's/^(torch==[0-9.]+).*/\1/' requirements.lock requirements-dev.lock

clean: ## Remove .venv and the caches of the tools; FOOTNOTE_HOME stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(VENV)/ready: requirements.lock pyproject.toml
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): $(SIZE)."
	@start=$$(date +%s) && $(PYTHON) -m venv $(VENV) \
	  && $(PIP) install $(EXTRA_INDEX) -r requirements.lock \
	  && $(PIP) install --no-deps --no-build-isolation --editable . \
	  && touch $@ && echo "Set up in $$(( $$(date +%s) - start )) s."

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	@echo "Adding what the tests need."
	@start=$$(date +%s) && $(PIP) install $(EXTRA_INDEX) -r requirements-dev.lock \
	  && touch $@ && echo "Added in $$(( $$(date +%s) - start )) s."
