"""A score: what the evaluator said of one interaction on one metric, or why it said nothing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pyarrow as pa

from tasks.core.measure import TIMESTAMP

SCHEMA = pa.schema(
    [
        pa.field("interaction_id", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("window_start", TIMESTAMP, nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("score", pa.float64()),
        pa.field("reason", pa.string()),
        pa.field("unscored", pa.string()),
        pa.field("model", pa.string()),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("prompt_tokens", pa.int64()),
        pa.field("completion_tokens", pa.int64()),
        pa.field("cost_usd", pa.float64()),
        pa.field("latency_ms", pa.float64()),
        pa.field("judged_at", TIMESTAMP, nullable=False),
    ]
)


class Unscored(StrEnum):
    """Why an asked judgement has no score."""

    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    SERVER_ERROR = "server_error"
    UNREADABLE = "unreadable"
    OUT_OF_RANGE = "out_of_range"
    REFUSED = "refused"
    CONTENT_FILTER = "content_filter"
    CONTEXT_TOO_LONG = "context_too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One judgement: exactly one of `score` (1 to 5) and `unscored` is None.

    `calls` is how often the evaluator was asked for it (0 by the local one), `model` as the provider reported it,
    `latency_ms` of the last call; token counts sum over the calls and are None where the provider gave none.
    """

    score: int | None
    unscored: Unscored | None
    reason: str | None
    model: str | None
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_ms: float
    judged_at: datetime
