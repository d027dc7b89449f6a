# `make demo` and `make test` do all of their own set-up, on a machine with python3.11, make and Debian's packages.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test lint lock benchmarks clean

demo: .venv/installed
	$(BIN)/genwatch demo

test: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	touch $@

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--output-file requirements.txt pyproject.toml requirements-build.in
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--extra dev --extra azure --output-file requirements-dev.txt pyproject.toml requirements-build.in

clean:
	rm -rf .venv demo
