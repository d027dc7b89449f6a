"""A context that is too long for the evaluator, made shorter by whole passages."""

from collections.abc import Mapping
from typing import Final

BREAK: Final = "\n\n"


def shortened(fields: Mapping[str, str]) -> tuple[dict[str, str], int] | None:
    """The fields with the last passages of the context left out, and how many; None where no passage can go.

    Passages are parted by blank lines, as retrieved passages are when they are joined. As many of the first are kept
    as fill half of the length, at least one.
    """
    passages = [passage for passage in fields.get("context", "").split(BREAK) if passage.strip()]
    if len(passages) < 2:  # noqa: PLR2004  one passage is kept whole
        return None
    half, kept, length = sum(map(len, passages)) / 2, 1, len(passages[0])
    while kept < len(passages) - 1 and length + len(passages[kept]) <= half:
        length += len(passages[kept])
        kept += 1
    return {**fields, "context": BREAK.join(passages[:kept])}, len(passages) - kept
