"""The passages of a logged context, which is one text or a list."""

from typing import Final

from tasks.core.quality.shorten import BREAK
from tasks.core.records.json_value import Json, parsed, shown, text_at

LIST: Final = "["
TEXTS: Final = ("page_content", "text", "content", "passage", "chunk")  # where retrievers keep a passage's text


def passages(context: str | None) -> list[str]:
    """The passages, none where there is no context.

    A JSON list has one in each element: a text, or the text within an object; an object without one stays JSON. A text
    is parted at its blank lines, by which lists of texts were joined when they were read.
    """
    found = parsed(context) if context is not None and context.lstrip().startswith(LIST) else context
    if isinstance(found, list):
        return [text for one in found if (text := _text(one)) and text.strip()]
    return [passage for passage in (context or "").split(BREAK) if passage.strip()]


def _text(passage: Json) -> str | None:
    return next((text for name in TEXTS if (text := text_at(passage, name))), None) or shown(passage)
