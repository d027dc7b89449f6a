"""What was counted over all interactions of a window: tallies by segment, people, minutes, and how the logs arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The interactions of the window (both segment fields None) or of one segment.

    `counts` go by the names in `observe.COUNTED`, `sketches` by subject: how many values fall into which bucket.
    """

    segment_by: str | None
    segment: str | None
    counts: Mapping[str, int]
    sketches: Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTokens:
    """The tokens that one version of a model was sent and gave, over the calls that told both."""

    calls: int
    sent: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The tallies of a window; the first is that of the whole of it, where it has an interaction.

    `models` are all versions of the model, however few calls they have.

    `users` and `sessions` say how many have how many interactions. `minutes` are the requests by the minute of their
    time, those without any left out. `lags_s` is by object how long after its newest record it was last written, in
    seconds. `hours` are the hours with an input, as Unix times. `known_users` are those who were
    seen in an earlier window, None where none is known.
    """

    tallies: tuple[Tally, ...]
    models: Mapping[str, ModelTokens]
    users: Mapping[int, int]
    sessions: Mapping[int, int]
    minutes: Mapping[datetime, int]
    lags_s: tuple[float, ...]
    hours: frozenset[int]
    known_users: int | None
