import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("flows", "tasks", "configs", "deployments")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def test_every_room_imports_only_what_it_may() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", str(ROOT / "pyproject.toml")]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_every_verb_stands_in_the_import_contracts() -> None:
    contracts = (ROOT / "pyproject.toml").read_text()
    verbs = {path.stem for path in (ROOT / "tasks").glob("*.py")} - {"__init__"}
    assert [verb for verb in sorted(verbs) if f"tasks.{verb}" not in contracts] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_is_in_it_and_ends_by_line_300(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert ast.get_docstring(tree)
    assert len(source.splitlines()) <= 300
    if path.name == "__init__.py":
        assert len(tree.body) == 1, "one name, one address: nothing is re-exported"


def test_nothing_in_the_project_names_an_index_host_or_a_path_of_a_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    locks = [name for name in tracked if name.startswith("requirements")]
    assert locks
    for name in locks:
        lines = [line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#")]
        assert [line for line in lines if "://" in line or "-url" in line] == []
