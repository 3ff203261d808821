# The commands of this project. `make` alone lists them.
# Needs only make and Python 3.11 or 3.12; Node comes as a wheel where the machine has none.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# azure-functions 1.x, the line of the classic Functions worker, runs on 3.11 and 3.12 only.
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: help setup check test demo up bench bench-chaos bench-pace bench-long bench-fuzz bench-token bench-outcomes lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1|\2/' | column -t -s '|'

setup: $(VENV)/.python $(VENV)/.node $(VENV)/.worker ## set up .venv and the pinned Azurite

$(VENV)/.python: tests/requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed (looked for python3.11, python3.12, python3)."; exit 1; }
	@echo "setting up $(VENV) with $(PYTHON) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	@touch $@

$(VENV)/.node: devcloud/package-lock.json $(VENV)/.python
	@echo "setting up Azurite …"
	@$(BIN)/python -m devcloud.node install
	@touch $@

$(VENV)/.worker: tests/worker-requirements.txt $(VENV)/.python
	@echo "setting up the libraries of the Functions worker …"
	@$(BIN)/python -m tests.worker_libraries
	@touch $@

check: setup ## lint and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .

test: check ## lint, types and all tests, against the real Azurite and the simulator
	@$(BIN)/python -m pytest -n auto tests/unit tests/meta
	@$(BIN)/python -m pytest tests/contract tests/flows

demo: setup ## one mail through each door, with its states and its trace
	@$(BIN)/python -m devcloud demo

up: setup ## start the local cloud and one host, and stay (HOST=func uses Core Tools)
	@$(BIN)/python -m devcloud up $(if $(HOST),--host $(HOST))

bench: setup ## the benchmarks of speed and cost, each with its table
	@$(BIN)/python -m bench

bench-chaos: setup ## 2,000 mails under kill -9, cut wires and failing storage (CHAOS="--seed 7" repeats one)
	@$(BIN)/python -m bench chaos $(CHAOS)

bench-pace: setup ## is the allowance used and never exceeded, by 1 to 10 hosts? half an hour (PACE="--run hosts-3" picks one)
	@$(BIN)/python -m bench pace --picture .run/pace.svg $(PACE)

bench-long: setup ## twenty minutes at Exchange's true 30 mails a minute
	@$(BIN)/python -m bench pace --run true-30 --long --picture .run/pace-long.svg $(PACE)

bench-fuzz: setup ## thousands of requests that nobody thought of, each answered as the OpenAPI document says (FUZZ="--seed 7")
	@$(BIN)/python -m bench fuzz $(FUZZ)

bench-token: setup ## what a token from the cache costs, beside the identity SDK's own credential
	@$(BIN)/python -m bench token

bench-outcomes: setup .bench/.python .bench/.node ## what callers of five mail libraries and ours are told when things break (JSON=1)
	@$(BIN)/python -m bench outcomes $(if $(JSON),--json)

.bench/.python: bench/requirements.txt $(VENV)/.python
	@echo "setting up the libraries to compare with …"
	@rm -rf .bench
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --target .bench -r bench/requirements.txt
	@touch $@

.bench/.node: bench/package-lock.json $(VENV)/.node .bench/.python
	@$(BIN)/python -m devcloud.node install bench
	@touch $@

lock: setup ## compile the pinned, hashed requirements from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url pyproject.toml --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --group ops --group devcloud --group tests --constraint requirements.txt \
		pyproject.toml --output-file tests/requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --group bench --constraint tests/requirements.txt --output-file bench/requirements.txt

clean: ## remove what setup and the tools made
	@rm -rf $(VENV) .bench devcloud/node_modules bench/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
