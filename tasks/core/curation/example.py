"""One interaction that failed, or passed, a metric, with the score that says so and where all of it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

from tasks.core.measure import TIMESTAMP

TEXTS: Final = ("system", "history", "prompt", "completion", "context", "ground_truth")
SCHEMA: Final = pa.schema(
    [
        pa.field("interaction_id", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("passed", pa.bool_(), nullable=False),
        pa.field("pass_at", pa.int64(), nullable=False),
        pa.field("reason", pa.string()),
        *(pa.field(role, pa.string()) for role in TEXTS if role != "context"),
        pa.field("context", pa.list_(pa.string()), nullable=False),
        pa.field("scores", pa.string(), nullable=False),
        pa.field("monitor", pa.string(), nullable=False),
        pa.field("window_start", TIMESTAMP, nullable=False),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("event_time", TIMESTAMP, nullable=False),
        pa.field("correlation_id", pa.string(), nullable=False),
        pa.field("session", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("input_object", pa.string(), nullable=False),
        pa.field("output_object", pa.string(), nullable=False),
        pa.field("judge_model", pa.string()),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("judged_at", TIMESTAMP, nullable=False),
        pa.field("suspected_injection", pa.bool_(), nullable=False),
        pa.field("redacted", pa.list_(pa.string()), nullable=False),
        pa.field("config_hash", pa.string(), nullable=False),
    ]
)
IN_FORMATS: Final = frozenset(TEXTS)  # what formats of others have a place for


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row of `SCHEMA`.

    `scores` is JSON: by metric the score of the interaction, null where it was judged in vain. A metric that was not
    asked for is not in it. `redacted` are the kinds of values that were looked for and replaced; none where nothing
    was. `model_version` is that of the application, `judge_model` as the evaluator's provider reported it.
    """

    interaction_id: str
    metric: str
    score: float
    passed: bool
    pass_at: int
    reason: str | None
    system: str | None
    history: str | None
    prompt: str | None
    completion: str | None
    ground_truth: str | None
    context: tuple[str, ...]
    scores: str
    monitor: str
    window_start: datetime
    revision: int
    event_time: datetime
    correlation_id: str
    session: str | None
    model_version: str | None
    input_object: str
    output_object: str
    judge_model: str | None
    fingerprint: str
    judged_at: datetime
    suspected_injection: bool
    redacted: tuple[str, ...]
    config_hash: str

    @property
    def row(self) -> Mapping[str, object]:
        """The values by column, in the order of `SCHEMA`."""
        return {name: getattr(self, name) for name in SCHEMA.names}
