# `make demo` and `make test` do all of their own set-up, on a machine with python3.11, make and, for the tests, npm.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test lint lock benchmarks clean

demo: .venv/installed
	$(BIN)/genwatch demo

test: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist loadgroup

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: requirements-dev.txt tests/servers/azurite_package/package-lock.json .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	mkdir -p .venv/azurite && cp tests/servers/azurite_package/package*.json .venv/azurite
	npm ci --prefix .venv/azurite --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--extra dev --extra azure --extra dask --output-file requirements-dev.txt pyproject.toml requirements-build.in
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--constraint requirements-dev.txt --output-file requirements.txt pyproject.toml requirements-build.in

clean:
	rm -rf .venv demo
