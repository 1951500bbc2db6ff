# make quickstart   set up and train on the drawn sample set
# make test         set up and run the tests
# Neither needs the other, root, or a network beyond the package index.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
# Everything runs from the environment, whatever is active outside.
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help quickstart test faults check lint types bench study compat docs lock audit-dependencies clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## quickstart  set up and train a network on the drawn sample set (about two minutes)
quickstart: $(VENV)/.run
	@$(BIN)/hundred train sprint --data sample --epochs 8 --set training.batch_size=128
	@echo "README.md has what comes next."

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

## docs        write docs/recipe.md and the recipes' JSON schema anew from the code
docs: $(VENV)/.run
	@$(BIN)/hundred show --reference > docs/recipe.md
	@$(BIN)/hundred show --schema > docs/recipe.schema.json

## lock        choose exact versions anew, with the hashes of their files
lock:
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install -q pip-tools
	@$(VENV)-lock/bin/python requirements/lock.py

## audit-dependencies   ask for known weaknesses of the packages in requirements (needs the network)
audit-dependencies:
	@$(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/pip install -q pip-audit
	@$(VENV)-audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements/dev.txt

clean:
	rm -rf $(VENV) $(VENV)-lock $(VENV)-audit .mypy_cache .ruff_cache .pytest_cache

# Stamps: an environment is made once and again only when what it is made from changes.
$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and none was found"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: $(PYTHON) is older; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python cannot make environments here: apt install python3.11-venv, or set PYTHON=..."; exit 1; }
	@touch $@

# By hash, or not at all; torch by its version alone (see requirements/torch.txt). Hundred is built with the
# setuptools that has just come by its hash, not with what an isolated build would fetch.
INSTALL = $(BIN)/pip install -q --require-hashes -r requirements/$(1).txt \
	&& $(BIN)/pip install -q -r requirements/torch.txt \
	&& $(BIN)/pip install -q --no-deps --no-build-isolation -e .

$(VENV)/.run: requirements/run.txt requirements/torch.txt pyproject.toml | $(VENV)/.made
	@echo "setting up $(VENV): a few minutes the first time"
	@$(call INSTALL,run)
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/torch.txt pyproject.toml | $(VENV)/.made
	@echo "setting up $(VENV) with the developers' tools: a few minutes the first time"
	@$(call INSTALL,dev)
	@touch $@ $(VENV)/.run

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@$(BIN)/pip install -q --require-hashes -r requirements/bench.txt
	@touch $@
