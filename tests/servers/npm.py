"""The npm packages of the tests: Azure's emulator and axe-core, as `make test` installs them."""

import os
import sys
from pathlib import Path


def npm_file(place: str) -> Path | None:
    """A file below node_modules, None where it is not; GENWATCH_TEST_NPM names another folder than .venv/npm."""
    found = Path(os.environ.get("GENWATCH_TEST_NPM", Path(sys.prefix, "npm")), "node_modules", place)
    return found if found.exists() else None
