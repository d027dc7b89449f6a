# `make demo` and `make test` do all of their own set-up, on a machine with python3.11, make and, for the tests, npm;
# the browser of the tests is installed by apt-get where it is missing.
PYTHON ?= python3.11
BIN := .venv/bin
CHROMIUM ?= /usr/bin/chromium
export CHROMIUM
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)

.PHONY: demo test chromium lint lock benchmarks clean

demo: .venv/installed
	$(BIN)/genwatch demo

test: .venv/installed-dev chromium
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: requirements-dev.txt tests/npm/package-lock.json .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	mkdir -p .venv/npm && cp tests/npm/package*.json .venv/npm
	npm ci --prefix .venv/npm --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

chromium:
	@test -x "$(CHROMIUM)" || { command -v apt-get >/dev/null && $(AS_ROOT) apt-get update -qq \
		&& $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium && test -x "$(CHROMIUM)"; } \
		|| { echo "make test: no Chromium at $(CHROMIUM); install one, then: make test CHROMIUM=/path/to/it" >&2; exit 1; }

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--extra dev --extra azure --extra dask --extra mlflow --extra otel --output-file requirements-dev.txt pyproject.toml requirements-build.in
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--constraint requirements-dev.txt --output-file requirements.txt pyproject.toml requirements-build.in

clean:
	rm -rf .venv demo
