# make quickstart   set up and train on the drawn sample set
# make test         set up and run the tests
# Neither needs the other, root, or a network beyond the package index.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
# Everything runs from the environment, whatever is active outside.
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help quickstart test faults check lint types bench study compat lock clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## quickstart  set up and train a network on the drawn sample set (about two minutes)
quickstart: $(VENV)/.run
	@$(BIN)/hundred train sprint --data sample --epochs 12 --set training.batch_size=128
	@echo "Look at runs/*/figures, or read README.md for what comes next."

## test        set up and run the tests
test: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

## faults      the slow tests: things broken on purpose, whole runs killed anywhere (minutes)
faults: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m slow

## check       what CI checks beside the tests: format, lint, types
check: lint types

lint: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(VENV)/.dev
	@$(BIN)/mypy

## bench       measure speed against Keras and plain PyTorch (longer; its own environment)
bench: $(VENV)/.bench
	@$(BIN)/python -m benchmarks

## study       the published study again on the real data (hours)
study: $(VENV)/.run
	@$(BIN)/hundred study

## compat      open our files in Keras 2 and Keras 3 releases (downloads them)
compat: $(VENV)/.dev
	@$(BIN)/python tests/compat/run.py

## lock        choose exact versions anew
lock:
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install -q pip-tools
	@$(VENV)-lock/bin/pip-compile -q $(LOCK_OPTIONS) -o requirements/run.txt pyproject.toml
	@$(VENV)-lock/bin/pip-compile -q $(LOCK_OPTIONS) --extra dev -o requirements/dev.txt pyproject.toml

LOCK_OPTIONS := --strip-extras --no-emit-find-links --no-emit-index-url --no-header --no-annotate -c requirements/constraints.txt

clean:
	rm -rf $(VENV) $(VENV)-lock .mypy_cache .ruff_cache .pytest_cache

# Stamps: an environment is made once and again only when what it is made from changes.
$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and none was found"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: $(PYTHON) is older; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python cannot make environments here: apt install python3.11-venv, or set PYTHON=..."; exit 1; }
	@touch $@

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/.made
	@echo "setting up $(VENV): a few minutes the first time"
	@$(BIN)/pip install -q -r requirements/run.txt
	@$(BIN)/pip install -q --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.made
	@echo "setting up $(VENV) with the developers' tools: a few minutes the first time"
	@$(BIN)/pip install -q -r requirements/dev.txt
	@$(BIN)/pip install -q --no-deps -e .
	@touch $@ $(VENV)/.run

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@$(BIN)/pip install -q -r requirements/bench.txt
	@touch $@
