"""The manifest of a run: what was read, what became of it, and the check that the counts add up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.core.errors import CountsError
from tasks.core.quality.pass_rate import Tally


class Part(BaseModel):
    """A frozen part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadObject(Part):
    """An object that was read; `size` in bytes as it was stored."""

    uri: str
    etag: str
    size: int


class MetricCounts(Part):
    """What became of the sampled interactions on one metric, in rows; the mappings go by reason."""

    scored: int
    unscored: Mapping[str, int]
    not_applicable: int
    not_asked: Mapping[str, int]

    @classmethod
    def of(cls, tally: Tally) -> "MetricCounts":
        """The counts of a tally."""
        return cls(
            scored=tally.scored,
            unscored=tally.unscored,
            not_applicable=tally.not_applicable,
            not_asked=tally.not_asked,
        )


class RecordCounts(Part):
    """What became of the logged rows of a window.

    Lines of neighbouring windows that were read for the join are not counted here. A record of several rows counts
    each row, and a record with both halves counts each half. `not_calls` are records that belong to no call, such as
    other spans of a trace, `later` rows of ground truth and feedback. `quarantined_objects` are whole objects beside
    the rows.
    """

    lines_read: int
    inputs: int
    outputs: int
    not_calls: int = 0
    later: int = 0
    quarantined: int
    quarantined_objects: int
    quarantined_by_reason: Mapping[str, int]
    joined: int
    orphan_inputs: int
    duplicate_inputs: int
    orphan_outputs: int
    duplicate_outputs: int
    sampled: int
    not_sampled: int


class Counts(RecordCounts):
    """The counts of a run."""

    metrics: Mapping[str, MetricCounts]


class Stopped(Part):
    """Why no more was asked: a code, and the sentence with the remedy."""

    reason: str
    message: str


class EvaluatorUse(Part):
    """What this run asked of the evaluator; tokens and cost are None where they are not known.

    `judged` are the judgements that were asked for, `reused` those whose score was taken from an earlier day. `models`
    are the names that the provider reported. `stopped` says why asking ended early, None where it did not.
    """

    provider: str
    calls: int
    judged: int
    reused: int
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    models: tuple[str, ...]
    stopped: Stopped | None


class VerdictRecord(Part):
    """A verdict as the manifest holds it."""

    address: str
    verdict: str
    value: float | None
    limit: float


class Manifest(Part):
    """What a run did to one revision of one window; writing it publishes the revision.

    `evidence_hash` stands for the parts of the monitor file that decide what is judged and what passes: windows that
    have the same may decide together. `digest` stands for the joined rows of the window: the same rows have the same.
    `scores` is the folder of the ledger that the scores came from, `taken` and `decided` are those of judging until
    decided, empty where all of the sample was to be judged; `redacted` are values by kind, `findings` sentences
    on what stands out.
    """

    monitor: str
    window_start: datetime
    window_end: datetime
    revision: int
    status: Literal["ok", "breach", "undecided", "no_data"]
    scheduled: bool
    started_at: datetime
    finished_at: datetime
    config_hash: str
    evidence_hash: str = ""
    objects: tuple[ReadObject, ...]
    counts: Counts
    digest: str = ""
    evaluator: EvaluatorUse
    fingerprints: Mapping[str, str]
    scores: str = "scores"
    taken: Mapping[str, int] = {}
    decided: tuple[str, ...] = ()
    redacted: Mapping[str, int] = {}
    verdicts: tuple[VerdictRecord, ...]
    findings: tuple[str, ...] = ()
    warnings: tuple[str, ...]


def check_counts(counts: Counts) -> None:
    """Hold the counts to their sums; raises CountsError with the first sum that does not hold."""
    sums = {
        "lines_read = inputs + outputs + not_calls + later + quarantined": (
            counts.lines_read,
            counts.inputs + counts.outputs + counts.not_calls + counts.later + counts.quarantined,
        ),
        "inputs = joined + orphan_inputs + duplicate_inputs": (
            counts.inputs,
            counts.joined + counts.orphan_inputs + counts.duplicate_inputs,
        ),
        "outputs = joined + orphan_outputs + duplicate_outputs": (
            counts.outputs,
            counts.joined + counts.orphan_outputs + counts.duplicate_outputs,
        ),
        "joined = sampled + not_sampled": (counts.joined, counts.sampled + counts.not_sampled),
        "quarantined = its reasons": (
            counts.quarantined + counts.quarantined_objects,
            sum(counts.quarantined_by_reason.values()),
        ),
    }
    for name, metric in counts.metrics.items():
        parts = metric.scored + sum(metric.unscored.values()) + metric.not_applicable + sum(metric.not_asked.values())
        sums[f"{name}: sampled = scored + unscored + not_applicable + not_asked"] = (counts.sampled, parts)
    for sentence, (left, right) in sums.items():
        if left != right:
            message = (
                f"the counts do not add up ({sentence}: {left} against {right}); this is a defect, please report it"
            )
            raise CountsError(message)
