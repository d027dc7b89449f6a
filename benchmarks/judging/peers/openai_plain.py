"""What all plain clients send and read: two messages, and a JSON object with a score."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from trial import CRITERIA, SCALE, Row, Trial, Verdicts, verdict

MODEL = "benchmark"
BEST = 5

Messages = list[dict[str, str]]


def asked(rows: Sequence[Row]) -> Iterator[Messages]:
    """The messages of all calls, metric by metric."""
    for question, needs in CRITERIA.values():
        system = (
            f'{question} Answer with one JSON object: {{"reason": "...", "score": n}}, where n is a number {SCALE}.'
        )
        for row in rows:
            user = "\n\n".join(f"{role}: {row[role]}" for role in needs)
            yield [{"role": "system", "content": system}, {"role": "user", "content": user}]


def parameters(messages: Messages) -> dict[str, Any]:
    """What one call sends."""
    return {
        "model": MODEL,
        "messages": messages,
        "max_tokens": 400,
        "temperature": 0.0,
        "response_format": {"type": "json_object"},
    }


def score(content: str | None) -> object:
    """The score in a reply; raises ValueError or KeyError where there is none."""
    return json.loads(content or "")["score"]


def by_metric(trial: Trial, scores: Sequence[object]) -> Verdicts:
    """The scores of `asked`, in its order, as verdicts."""
    count = len(trial.rows)
    return {
        name: [verdict(one, BEST) for one in scores[at * count : (at + 1) * count]] for at, name in enumerate(CRITERIA)
    }
