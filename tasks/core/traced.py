"""One interaction traced: where it came from, what was said of it, what it counted in; or why it is not there."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from tasks.core.measure import Measure
from tasks.core.records.json_value import Json
from tasks.core.verdict import Verdict

RATE: Final = "pass_rate"
COVERAGE: Final = "coverage"
QUALITY: Final = "quality"


class Fate(StrEnum):
    """What became of a logged half."""

    JOINED = "joined"
    ORPHAN = "orphan"
    COPY = "duplicate"
    REPLACED = "replaced"
    NO_CALL = "not_a_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfSeen:
    """A logged half: `side` is `input`, `output`, `ground_truth`, `feedback` or `other`, `line` counts from 1.

    `line` is None where the object is gone, or was written again without it; `etag` where the version that was read is
    not known any more. `fate` is None where the halves are not kept any more.
    """

    side: str
    object: str
    line: int | None
    etag: str | None
    time: datetime
    window_start: datetime
    fate: Fate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A line in quarantine that mentions an ID; `line` counts from 1, None for a whole object."""

    window_start: datetime
    object: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A raw reply of the evaluator; `judge` numbers jurors, `repeat` repeats, `turn` their questions, from 0."""

    judge: int
    repeat: int
    turn: int
    failure: str | None
    at: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said on one metric: a score, or `why` there is none.

    `judged_as` is the interaction that was judged in place of this one, since its content is the same; None where this
    one was. Tokens, cost and latency are None where the score was taken over from another day.
    """

    metric: str
    score: float | None
    pass_at: int
    passed: bool | None
    why: str | None = None
    reason: str | None = None
    spread: float | None = None
    disagreement: float | None = None
    dropped_passages: int = 0
    judge_model: str | None = None
    fingerprint: str | None = None
    judged_at: datetime | None = None
    judged_as: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    latency_ms: float | None = None
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSeen:
    """What a person said of it."""

    metric: str
    label: float
    labeller: str
    labelled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedIn:
    """A measure that the interaction is among the rows of, and the verdict on it; None where it has no limit."""

    address: str
    value: float | None
    n: int
    verdict: str | None
    explanation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """An alert that its window left open; `is_about_it`: one of its measures has the interaction among its rows."""

    id: str
    status: str
    severity: str
    since: datetime
    explanation: str
    is_about_it: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What is known of an interaction that was sampled, as it is stored.

    `texts` are the roles that were logged, `columns` what else was; `redacted` the kinds of values that were looked for
    in them. `inclusion` is the probability with which it was chosen among the candidates.
    """

    revision: int
    event_time: datetime
    output_time: datetime
    inclusion: float
    suspected_injection: bool
    contract_broken: str | None
    redacted: tuple[str, ...]
    texts: Mapping[str, str]
    columns: Mapping[str, str | float]
    scores: tuple[Said, ...]
    labels: tuple[LabelSeen, ...]
    counted_in: tuple[CountedIn, ...]
    alerts: tuple[AlertSeen, ...]
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One interaction; `outcome` says in a sentence where it is, or why it is not in the sample.

    `sampled` is None for what is not in a published sample. `notes` say what could not be looked at.
    """

    monitor: str
    interaction_id: str
    correlation_id: str
    outcome: str
    window_start: datetime | None
    window_end: datetime | None
    halves: tuple[HalfSeen, ...]
    quarantined: tuple[Quarantined, ...] = ()
    sampled: Sampled | None = None
    notes: tuple[str, ...] = ()


def document(trace: Trace) -> Json:
    """The trace as JSON: names as here, times as ISO 8601 in UTC."""
    return _plain(asdict(trace))


def _plain(value: object) -> Json:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def counted_in(
    said: Sequence[Said], segments: Mapping[str, str | None], measures: Sequence[Measure], verdicts: Sequence[Verdict]
) -> tuple[CountedIn, ...]:
    """The pass rates, and what else of quality has a limit, that an interaction is among the rows of.

    `segments` are those it is in, by segmentation. A metric without a score counts in its coverage alone.
    """
    scored = {one.metric for one in said if one.score is not None}
    asked = scored | {one.metric for one in said if one.judged_at is not None}
    found = []
    for measure in measures:
        mine = measure.segment_by is None or segments.get(measure.segment_by) == measure.segment
        counts = measure.subject in (asked if measure.measure == COVERAGE else scored)
        decided: list[Verdict | None] = [one for one in verdicts if one.address == measure.address]
        if measure.signal != QUALITY or not mine or not counts or not (decided or measure.measure == RATE):
            continue
        found += [
            CountedIn(
                address=measure.address,
                value=measure.value,
                n=measure.n,
                verdict=None if one is None else one.state.value,
                explanation=None if one is None else one.explanation,
            )
            for one in decided or [None]
        ]
    return tuple(found)
