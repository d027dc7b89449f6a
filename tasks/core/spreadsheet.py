"""Cells of CSV files as spreadsheets take them: no logged text becomes a formula."""

import unicodedata
from typing import Final

MARK: Final = "'"  # spreadsheets take what follows for text
FORMULAS: Final = frozenset("=+-@")
AT_ONCE: Final = ("\t", "\r", "\n")  # whatever follows, a spreadsheet may begin a cell anew after these
UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})  # categories of what spreadsheets skip or do not show


def guarded(value: object) -> object:
    """The value of a cell; a text that a spreadsheet could take for a formula begins with an apostrophe.

    That is one that begins with `=`, `+`, `-` or `@`, also in their full-width and small forms and after white space or
    characters that nobody sees; one that begins with a tab or a line end; and one that begins with an apostrophe, so
    that `unguarded` gives every text back.
    """
    return f"{MARK}{value}" if isinstance(value, str) and _is_risky(value) else value


def unguarded(text: str) -> str:
    """The text that `guarded` made a cell of."""
    return text[1:] if text.startswith(MARK) and _is_risky(text[1:]) else text


def _is_risky(text: str) -> bool:
    if text.startswith((MARK, *AT_ONCE)):
        return True
    first = next((one for one in text if unicodedata.category(one) not in UNSEEN), "")
    return unicodedata.normalize("NFKC", first)[:1] in FORMULAS
