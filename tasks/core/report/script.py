"""JSON within a page: as it stands in a script element, which no text in it can close."""

import json
from typing import Final

MARKUP: Final = "<>&'\u2028\u2029"


def as_script(document: object) -> str:
    """The document as compact JSON; what HTML could take for markup is escaped, other letters stand as they are."""
    return _escaped(json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def size(document: object) -> int:
    """How many bytes the document takes in a page."""
    return len(as_script(document).encode())


def text_forms(text: str) -> tuple[str, str]:
    """The two ways in which a text stands in the scripts of our pages, without quotes: `as_script`, Jinja's tojson."""
    return as_script(text)[1:-1], _escaped(json.dumps(text))[1:-1]


def _escaped(text: str) -> str:
    for one in MARKUP:  # much faster than str.translate
        text = text.replace(one, f"\\u{ord(one):04x}")
    return text
