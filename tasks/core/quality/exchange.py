"""One question to an evaluator and what came back, as it came; kept, so that a window can be judged again from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

from tasks.core.measure import TIMESTAMP
from tasks.core.quality.plan import Call
from tasks.core.quality.score import Score, Unscored

BATCH_SHARE: Final = 0.5  # of the price, through a batch API

SCHEMA = pa.schema(
    [
        pa.field("attempt", pa.string(), nullable=False),
        pa.field("purpose", pa.string(), nullable=False),
        pa.field("interaction_id", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("window_start", TIMESTAMP, nullable=False),
        pa.field("metrics", pa.list_(pa.string()), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("judge", pa.int16(), nullable=False),
        pa.field("repeat", pa.int16(), nullable=False),
        pa.field("turn", pa.int16(), nullable=False),
        pa.field("failure", pa.string()),
        pa.field("body", pa.binary(), nullable=False),
        pa.field("calls", pa.int32(), nullable=False),
        pa.field("latency_ms", pa.float64(), nullable=False),
        pa.field("price_share", pa.float64(), nullable=False),
        pa.field("at", TIMESTAMP, nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a judgement: the messages as (role, text), and where in the judgement it stands.

    `judge` numbers the jurors, `repeat` the repeats, `turn` the questions of one repeat, each from 0. `bound_usd` is
    the most that asking it once can cost.
    """

    call: Call
    messages: tuple[tuple[str, str], ...]
    judge: int
    repeat: int
    turn: int
    bound_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What came back: the `body` as received, or `failure`; after `calls` calls, the last of which took `latency_ms`.

    Where `failure` is set, the body is what the server said with it, empty where it said nothing. `reserved_usd` was
    laid aside for the answer and waits to be settled; None where nothing was. `price_share` of the price was paid.
    """

    failure: Unscored | None
    body: bytes
    calls: int
    latency_ms: float
    at: datetime
    reserved_usd: float | None = None
    price_share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """An exchange with the place of its question."""

    judge: int
    repeat: int
    turn: int
    exchange: Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One call judged: a score for each of its metrics, in their order, and the exchanges that made them."""

    scores: tuple[Score, ...]
    recordings: tuple[Recording, ...] = ()
