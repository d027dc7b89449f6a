"""The pages of the documentation, and the blocks of commands and code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK: Final = re.compile(r"^( *)```([\w-]+)([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A line after a dollar sign, and the lines that the page shows below it."""

    line: str
    shown: tuple[str, ...] = ()


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of one language; indented ones (in lists) are moved to the margin."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [re.sub(f"^{indent}", "", text, flags=re.MULTILINE) for indent, kind, _, text in found if kind == language]


def commands(page: Path) -> list[Command]:
    """Every command of a page, in its order; a line that ends in a backslash goes on below."""
    return [command for block in blocks(page, "console") for command in _commands(block.replace("\\\n", " "))]


def _commands(block: str) -> Iterator[Command]:
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert not parts[0].strip(), f"a console block begins with a command: {parts[0]}"
    for part in parts[1:]:
        line, *shown = part.rstrip("\n").split("\n")
        yield Command(line=line.strip(), shown=tuple(shown))
