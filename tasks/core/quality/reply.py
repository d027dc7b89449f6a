"""The strict reading of an evaluator's reply: the schema's integer in range, or what is wrong with it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tasks.core.quality.metric import HIGHEST, LOWEST
from tasks.core.quality.score import Unscored

REASON_LIMIT: Final = 1_000
READ_CHARACTERS: Final = 20_000  # of a reply, its end; a verdict is never so long, and a hostile reply takes its time
VERDICT: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "score": {"type": "integer", "minimum": LOWEST, "maximum": HIGHEST},
    },
    "required": ["reason", "score"],
    "additionalProperties": False,
}
_DECODER = json.JSONDecoder()
_DIGIT = re.compile(r'(?<!\\)"score"\s*:\s*([0-9])')


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A verdict that could be read: `score` in 1 to 5, `reason` at most `REASON_LIMIT` characters.

    `digit_at` is where in the reply the score's digit stands.
    """

    score: int
    reason: str
    digit_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A verdict that could not be read; `complaint` tells the evaluator why it is asked again."""

    cause: Unscored
    complaint: str


Reading = Mapping[str, Grade | Fault]


def schema_of(names: Sequence[str]) -> Mapping[str, Any]:
    """The JSON schema of a reply about these metrics: a verdict, or an object of verdicts by metric."""
    if len(names) == 1:
        return VERDICT
    return {
        "type": "object",
        "properties": dict.fromkeys(names, VERDICT),
        "required": list(names),
        "additionalProperties": False,
    }


def read_reply(text: str, names: Sequence[str]) -> Reading:
    """Read the last complete JSON object of a reply, by metric; fences and words around it are passed over.

    A number in prose is never taken for a score. 0, 7, 4.5 and true are out of range; 4.0 is 4, as in JSON Schema.
    """
    found, start, end = _last_object(text)
    if len(names) == 1:
        verdicts = {names[0]: found}
    else:
        parts = found or {}
        verdicts = {name: part if isinstance(part := parts.get(name), dict) else None for name in names}
    digits = {match.start(1) for match in _DIGIT.finditer(text, start, end)}
    places = _places(found, names, sorted(digits))
    return {name: _read(verdict, places.get(name)) for name, verdict in verdicts.items()}


def complaint_of(reading: Reading) -> str:
    """What the evaluator is told of the verdicts that could not be read; empty where all could."""
    complaints = {name: verdict.complaint for name, verdict in reading.items() if isinstance(verdict, Fault)}
    if len(reading) == 1:
        return next(iter(complaints.values()), "")
    return " ".join(f"{name}: {complaint}" for name, complaint in complaints.items())


def _read(verdict: Mapping[str, object] | None, digit_at: int | None) -> Grade | Fault:
    if verdict is None or "score" not in verdict:
        return Fault(
            cause=Unscored.UNREADABLE,
            complaint="That was not the JSON object asked for. Answer with that object only.",
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
    return Grade(score=whole, reason=reason[:REASON_LIMIT] if isinstance(reason, str) else "", digit_at=digit_at)


def _on_scale(score: object) -> int | None:
    """The whole number from 1 to 5 that a JSON value is, None where it is none."""
    if isinstance(score, bool) or not isinstance(score, int | float) or not LOWEST <= score <= HIGHEST:
        return None
    return int(score) if float(score).is_integer() else None


def _places(found: Mapping[str, object] | None, names: Sequence[str], digits: Sequence[int]) -> Mapping[str, int]:
    """Where each metric's digit stands; nothing where the digits and the verdicts do not match one to one."""
    order = [names[0]] if len(names) == 1 else [name for name in found or () if name in names]
    return dict(zip(order, digits, strict=True)) if len(order) == len(digits) else {}


def _last_object(text: str) -> tuple[dict[str, Any] | None, int, int]:
    """The last complete top-level object with its place; None where there is none."""
    found: tuple[dict[str, Any] | None, int, int] = (None, 0, 0)
    for found in _objects(text):  # noqa: B007  the last one is wanted
        pass
    return found


def _objects(text: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    """The complete top-level JSON objects of a text's end with their start and end, in order."""
    at = text.find("{", max(0, len(text) - READ_CHARACTERS))
    while at >= 0:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(value, dict):
                yield value, at, end
        at = text.find("{", end)
