"""The strict reading of an evaluator's reply: the schema's integer in range, or what is wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tasks.core.quality.metric import HIGHEST, LOWEST
from tasks.core.quality.score import Unscored

REASON_LIMIT: Final = 1_000
SCHEMA: Final = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "score": {"type": "integer", "minimum": LOWEST, "maximum": HIGHEST},
    },
    "required": ["reason", "score"],
    "additionalProperties": False,
}
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A reply that could be read: `score` in 1 to 5, `reason` at most `REASON_LIMIT` characters."""

    score: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A reply that could not be read; `complaint` tells the evaluator why it is asked again."""

    cause: Unscored
    complaint: str


def read_reply(text: str) -> Grade | Fault:
    """Read the last complete JSON object of a reply; fences and words around it are passed over.

    A number in prose is never taken for a score. 0, 7, 4.5 and true are out of range; 4.0 is 4, as in JSON Schema.
    """
    verdict = _last_object(text)
    if verdict is None or "score" not in verdict:
        return Fault(
            cause=Unscored.UNREADABLE,
            complaint='That was not the JSON object asked for. Answer with {"reason": "...", "score": n} only.',
        )
    score = verdict["score"]
    if isinstance(score, str) or score is None:
        return Fault(cause=Unscored.UNREADABLE, complaint="The score must be a number, not text or null.")
    whole = _on_scale(score)
    if whole is None:
        return Fault(
            cause=Unscored.OUT_OF_RANGE,
            complaint=f"The score must be a whole number from {LOWEST} to {HIGHEST}.",
        )
    reason = verdict.get("reason")
    return Grade(score=whole, reason=reason[:REASON_LIMIT] if isinstance(reason, str) else "")


def _on_scale(score: object) -> int | None:
    """The whole number from 1 to 5 that a JSON value is, None where it is none."""
    if isinstance(score, bool) or not isinstance(score, int | float) or not LOWEST <= score <= HIGHEST:
        return None
    return int(score) if float(score).is_integer() else None


def _last_object(text: str) -> dict[str, object] | None:
    found = None
    for found in _objects(text):  # noqa: B007  the last one is wanted
        pass
    return found


def _objects(text: str) -> Iterator[dict[str, object]]:
    """The complete top-level JSON objects of a text, in order."""
    at = text.find("{")
    while at >= 0:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(value, dict):
                yield value
        at = text.find("{", end)
