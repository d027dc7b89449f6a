"""A score: what the evaluator said of one interaction on one metric, or why it said nothing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import pyarrow as pa

from tasks.core.measure import TIMESTAMP

N = TypeVar("N", int, float)

SCHEMA = pa.schema(
    [
        pa.field("interaction_id", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("window_start", TIMESTAMP, nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("score", pa.float64()),
        pa.field("reason", pa.string()),
        pa.field("unscored", pa.string()),
        pa.field("spread", pa.float64()),
        pa.field("disagreement", pa.float64()),
        pa.field("dropped_passages", pa.int32(), nullable=False),
        pa.field("model", pa.string()),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("prompt_tokens", pa.int64()),
        pa.field("cached_tokens", pa.int64()),
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


class NotAsked(StrEnum):
    """Why the evaluator was not asked, though the metric applies."""

    NOT_REACHED = "not_reached"
    DEADLINE = "deadline"
    BUDGET = "budget"
    KEY_INVALID = "key_invalid"
    ACCESS_DENIED = "access_denied"
    MODEL_UNKNOWN = "model_unknown"
    QUOTA_EXHAUSTED = "quota_exhausted"
    DNS = "dns"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    NOT_RECORDED = "not_recorded"
    CONTRACT = "contract"
    DECIDED = "decided"


REFUSALS = frozenset(
    {
        NotAsked.KEY_INVALID,
        NotAsked.ACCESS_DENIED,
        NotAsked.MODEL_UNKNOWN,
        NotAsked.QUOTA_EXHAUSTED,
        NotAsked.DNS,
        NotAsked.CERTIFICATE,
        NotAsked.UNREACHABLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What judging took: calls, tokens, US dollars; None where the provider gave no count or no price is known.

    `cached_tokens` are those of `prompt_tokens` that the provider had in its prompt cache.
    """

    calls: int = 0
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None

    def __add__(self, other: "Use") -> "Use":
        """Both together; what is known of one alone counts as it is."""
        return Use(
            calls=self.calls + other.calls,
            prompt_tokens=_sum(self.prompt_tokens, other.prompt_tokens),
            cached_tokens=_sum(self.cached_tokens, other.cached_tokens),
            completion_tokens=_sum(self.completion_tokens, other.completion_tokens),
            cost_usd=_sum(self.cost_usd, other.cost_usd),
        )

    def shared(self, parts: int) -> list["Use"]:
        """The use in equal parts, for the metrics of one call; the parts sum up to it, and the first has the calls."""
        tokens = [_split(count, parts) for count in (self.prompt_tokens, self.cached_tokens, self.completion_tokens)]
        return [
            Use(
                calls=0 if number else self.calls,
                prompt_tokens=tokens[0][number],
                cached_tokens=tokens[1][number],
                completion_tokens=tokens[2][number],
                cost_usd=None if self.cost_usd is None else self.cost_usd / parts,
            )
            for number in range(parts)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One judgement: exactly one of `score`, a number of the metric's scale, and `unscored` is None.

    A score is whole unless it was made of several or of token probabilities. `spread` is the standard deviation of
    one judge's repeated scores, `disagreement` that of the jurors' scores; None with fewer than two.
    `dropped_passages` were left out of a context that was too long. `model` is as the provider reported it,
    `latency_ms` that of the last call. A call that asked for several metrics is part of the use of each.
    """

    score: float | None
    unscored: Unscored | None
    reason: str | None
    spread: float | None = None
    disagreement: float | None = None
    dropped_passages: int = 0
    model: str | None
    use: Use
    latency_ms: float
    judged_at: datetime


def _split(count: int | None, parts: int) -> list[int | None]:
    if count is None:
        return [None] * parts
    share, rest = divmod(count, parts)
    return [share + (number < rest) for number in range(parts)]


def _sum(one: N | None, other: N | None) -> N | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
