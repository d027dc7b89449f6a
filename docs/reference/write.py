"""Writes the reference pages from the code: `python -m docs.reference.write`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from docs.reference.commands import commands_page
from docs.reference.measures import measures_page
from docs.reference.monitor_file import monitor_file_page

FOLDER: Final = Path(__file__).parent


def pages() -> Mapping[Path, str]:
    """The text of each page by its file."""
    return {
        FOLDER / "commands.md": commands_page(),
        FOLDER / "measures.md": measures_page(),
        FOLDER / "monitor-file.md": monitor_file_page(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
