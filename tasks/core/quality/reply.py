"""The strict reading of an evaluator's reply: a score of the metric's scale, or what is wrong with it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tasks.core.quality.metric import FIVE_POINTS, Scale
from tasks.core.quality.score import Unscored

REASON_LIMIT: Final = 1_000
READ_CHARACTERS: Final = 20_000  # of a reply, its end; a verdict is never so long, and a hostile reply takes its time
ALL_FIVE_POINTS: Final[Mapping[str, Scale]] = MappingProxyType({})
_DECODER = json.JSONDecoder()
_DIGIT = re.compile(r'(?<!\\)"score"\s*:\s*([0-9])')


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A verdict that could be read: `score` a number of the scale, `reason` at most `REASON_LIMIT` characters.

    `digit_at` is where in the reply the score's digit stands; None where it was answered with a name.
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


def schema_of(names: Sequence[str], scales: Mapping[str, Scale] = ALL_FIVE_POINTS) -> Mapping[str, Any]:
    """The JSON schema of a reply about these metrics: a verdict, or an object of verdicts by metric.

    A metric that `scales` does not hold is scored from 1 to 5.
    """
    verdicts = {name: _object({"reason": {"type": "string"}, "score": _values(_scale(scales, name))}) for name in names}
    return verdicts[names[0]] if len(names) == 1 else _object(verdicts)


def _object(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _values(scale: Scale) -> Mapping[str, Any]:
    if scale.names:
        return {"type": "string", "enum": list(scale.names)}
    return {"type": "integer", "minimum": scale.lowest, "maximum": scale.highest}


def _scale(scales: Mapping[str, Scale], name: str) -> Scale:
    return scales.get(name, FIVE_POINTS)


def read_reply(text: str, names: Sequence[str], scales: Mapping[str, Scale] = ALL_FIVE_POINTS) -> Reading:
    """Read the last complete JSON object of a reply, by metric; fences and words around it are passed over.

    A number in prose is never taken for a score. 0, 7, 4.5 and true are out of range; 4.0 is 4, as in JSON Schema.
    Where a metric has names, its score is one of them to the letter. `scales` as in `schema_of`.
    """
    found, start, end = _last_object(text)
    if len(names) == 1:
        verdicts = {names[0]: found}
    else:
        parts = found or {}
        verdicts = {name: part if isinstance(part := parts.get(name), dict) else None for name in names}
    digits = {match.start(1) for match in _DIGIT.finditer(text, start, end)}
    places = _places(found, names, scales, sorted(digits))
    return {name: _read(verdict, _scale(scales, name), places.get(name)) for name, verdict in verdicts.items()}


def complaint_of(reading: Reading) -> str:
    """What the evaluator is told of the verdicts that could not be read; empty where all could."""
    complaints = {name: verdict.complaint for name, verdict in reading.items() if isinstance(verdict, Fault)}
    if len(reading) == 1:
        return next(iter(complaints.values()), "")
    return " ".join(f"{name}: {complaint}" for name, complaint in complaints.items())


def _read(verdict: Mapping[str, object] | None, scale: Scale, digit_at: int | None) -> Grade | Fault:
    if verdict is None or "score" not in verdict:
        return Fault(
            cause=Unscored.UNREADABLE,
            complaint="That was not the JSON object asked for. Answer with that object only.",
        )
    score = _named_score(verdict["score"], scale) if scale.names else _counted_score(verdict["score"], scale)
    if isinstance(score, Fault):
        return score
    reason = verdict.get("reason")
    return Grade(score=score, reason=reason[:REASON_LIMIT] if isinstance(reason, str) else "", digit_at=digit_at)


def _named_score(said: object, scale: Scale) -> int | Fault:
    if isinstance(said, str) and said in scale.names:
        return scale.lowest + scale.names.index(said)
    names = ", ".join(f'"{name}"' for name in scale.names)
    cause = Unscored.OUT_OF_RANGE if isinstance(said, str) else Unscored.UNREADABLE
    return Fault(cause=cause, complaint=f"The score must be one of {names}, as text.")


def _counted_score(said: object, scale: Scale) -> int | Fault:
    """The whole number of the scale that a JSON value is."""
    if isinstance(said, str) or said is None:
        return Fault(cause=Unscored.UNREADABLE, complaint="The score must be a number, not text or null.")
    if isinstance(said, int | float) and not isinstance(said, bool) and said in scale.labels:
        return int(said)
    complaint = f"The score must be a whole number from {scale.lowest} to {scale.highest}."
    return Fault(cause=Unscored.OUT_OF_RANGE, complaint=complaint)


def _places(
    found: Mapping[str, object] | None, names: Sequence[str], scales: Mapping[str, Scale], digits: Sequence[int]
) -> Mapping[str, int]:
    """Where each metric's digit stands; nothing where the digits and the verdicts do not match one to one."""
    said = [names[0]] if len(names) == 1 else [name for name in found or () if name in names]
    order = [name for name in said if not _scale(scales, name).names]
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
