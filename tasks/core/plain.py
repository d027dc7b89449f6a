"""Logged text that cannot speak: on one line for sentences, tables and terminals, without marks for Markdown."""

import re
from typing import Final

LINE_ENDS: Final = re.compile(r"\r\n|[\r\n]")
MARKS: Final = re.compile(r"[\\`*\[\]<>#|!~]|(?<![^\W_])_|_(?![^\W_])")  # an underscore within a word is none


def plain(text: str, limit: int) -> str:
    """The text without line ends and control characters, in single spaces, cut with an ellipsis to `limit` characters.

    Only as much is looked at as can be shown.
    """
    words = " ".join("".join(one if one.isprintable() else " " for one in text[: 4 * limit]).split())
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def plain_lines(text: str) -> list[str]:
    """The lines of a text, each without control characters and others that are not seen, and with its spaces."""
    return ["".join(one if one.isprintable() else " " for one in line) for line in LINE_ENDS.split(text)]


def unmarked(text: str) -> str:
    """A text as it stands in Markdown: it makes no image, heading, table or tag, and no address becomes a link."""
    return MARKS.sub(r"\\\g<0>", text).replace("://", ":\\//").replace("www.", "www\\.").replace("@", "\\@")
