# `make run` trades against simulated venues; `make test` checks everything in under ten minutes.
# `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PAGES := tests/cli/test_cli_page.py tests/cli/test_cli_help.py tests/cli/test_cli_bench.py tests/config/test_config_files.py \
  tests/alerts/test_alert_files.py tests/risk/test_risk_reference.py tests/metrics/test_metrics_catalogue.py \
  tests/execution/test_execution_record.py tests/web/test_api_page.py tests/venues/test_venue_pages.py
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help run setup setup-dev test test-full chaos bench bench-venues docs-check browser dist lint format types layers unit lock clean

run: setup  ## trade at simulated venues: no keys, no network, no money
	$(BIN)/python -m perpbot.main

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/base.stamp  ## install what PerpBot needs into .venv

setup-dev: $(VENV)/dev.stamp  ## what the tests need, too

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "PerpBot needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.11 run" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/base.stamp: requirements/base.txt setup.cfg setup.py pyproject.toml perpbot/venues/_wire.pyx | $(VENV)/bin/python
	@echo "Installing what PerpBot needs into $(VENV) (once, about a minute) ..."
	$(PIP) install --no-compile --require-hashes -r requirements/base.txt
	$(BIN)/python -m compileall -q -j 0 -x '/ccxt/(async_support|pro|test)/' $(VENV)/lib
	@rm -f perpbot/venues/_wire.c perpbot/venues/_wire.*.so
	$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'from perpbot.venues.wire import COMPILED; COMPILED or print("The decoder was not compiled, as where there is no C compiler or no headers of Python: PerpBot works without.")'
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/base.stamp
	@echo "Installing what the tests need ..."
	$(PIP) install --no-compile --require-hashes -r requirements/dev.txt
	@touch $@

test: setup-dev lint types layers unit  ## lint, types, layers and tests, in under ten minutes

lint: setup-dev  ## the style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup-dev  ## bring the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup-dev  ## mypy
	$(BIN)/mypy

layers: setup-dev  ## who may import whom
	$(BIN)/lint-imports

unit: setup-dev  ## the tests alone
	$(BIN)/pytest -n 3 --dist worksteal -m "not full"

browser:  ## what drives Chromium in the console's tests and pictures; Chromium itself comes from the distribution
	cd tests/console/browser && npm ci --silent --no-audit --no-fund

test-full: setup-dev lint types layers  ## the long runs too
	$(BIN)/pytest -n 2

chaos: setup  ## ten virtual minutes of trouble in a simulated world, another seed each time
	$(BIN)/perpbot chaos --minutes 10

bench: setup  ## measure every component, and see which figures miss their limits
	$(BIN)/perpbot bench --report bench.md --report bench.json

bench-venues: setup-dev  ## how fast frames are decoded, against cryptofeed
	$(BIN)/pytest -q tests/kits/test_kits_speed.py

docs-check: setup-dev  ## hold the pages against the code that they describe
	$(BIN)/pytest -q -m "not full and not process" $(PAGES)

lock: setup-dev  ## pin the dependencies anew
	$(BIN)/uv pip compile -q setup.cfg --extra build --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements/base.txt
	$(BIN)/uv pip compile -q setup.cfg --extra build --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements/dev.txt

dist: setup  ## a wheel, what it needs by hash, and the sums of both, in ./dist
	rm -rf build dist
	PERPBOT_PURE=1 SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	cp requirements/base.txt dist/requirements.txt
	cd dist && sha256sum * > SHA256SUMS

clean:  ## remove what was installed and made
	rm -rf $(VENV) build dist *.egg-info perpbot/venues/_wire.c perpbot/venues/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
