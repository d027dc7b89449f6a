"""Every error that the page on troubleshooting quotes stands in the source, so that the page cannot go stale."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8").split("## No error")[0]
QUOTED = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


@cache
def texts() -> list[str]:
    """Every text of the source, one of several pieces joined; what is put in at run time is an ellipsis."""
    files = [path for room in ("configs", "deployments", "flows", "tasks") for path in (ROOT / room).rglob("*.py")]
    return [text for path in files for text in _texts(ast.parse(path.read_text(encoding="utf-8")))]


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("quoted", QUOTED)
def test_a_quoted_error_is_one_that_the_source_gives(quoted: str) -> None:
    assert any(quoted in text for text in texts())


def test_the_page_has_the_thirty_likeliest() -> None:
    assert len(QUOTED) >= 30
