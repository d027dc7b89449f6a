"""The small values that travel between the verbs of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tasks.core.alert import Alert
from tasks.core.drift.judge import Pair
from tasks.core.drift.tokens import TokenDrift
from tasks.core.manifest import EvaluatorUse, MetricCounts, ReadObject, RecordCounts
from tasks.core.measure import Measure
from tasks.core.verdict import Verdict
from tasks.core.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One window to be run: its revision, when the run of it began, and whether the schedule asked for it.

    `moment` is when the run was meant to begin: what was logged later is not waited for.
    """

    window: Window
    revision: int
    is_scheduled: bool
    is_newest: bool
    moment: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a window's logs gave: the key of the sampled interactions, and what became of every row.

    `digest` stands for the joined rows; `redacted` are the values that were redacted in the
    sample, by kind; `measured` are the measures that the logs gave as a whole.
    """

    interactions: str
    objects: tuple[ReadObject, ...]
    counts: RecordCounts
    digest: str
    redacted: Mapping[str, int]
    warnings: tuple[str, ...]
    measured: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What the judging of one window took; `fingerprints` go by metric, `root` is the folder of the scores.

    `canaries` are their known scores beside the present ones; `bridge` those of old interactions, where the judge
    `changed`. `taken` are by metric the interactions, in the order of judging, after which it was asked no more; empty
    where all were to be judged. `decided` are the metrics that were by then. `until` is when a later revision began,
    whose scores do not count; None where there is none.
    """

    use: EvaluatorUse
    fingerprints: Mapping[str, str]
    root: str
    canaries: tuple[Pair, ...] = ()
    bridge: tuple[Pair, ...] = ()
    changed: bool = False
    taken: Mapping[str, int] = field(default_factory=dict)
    decided: frozenset[str] = frozenset()
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What a window shows: measures, verdicts, alerts, the counts of each metric, what stands out, and warnings.

    `words` are by role those that have most to do with its drift.
    """

    measures: tuple[Measure, ...]
    verdicts: tuple[Verdict, ...]
    alerts: tuple[Alert, ...]
    metrics: Mapping[str, MetricCounts]
    findings: tuple[str, ...] = ()
    words: Mapping[str, tuple[TokenDrift, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that is known of a window before it is published."""

    collected: Collected
    scored: Scored
    assessed: Assessed

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know, one sentence each."""
        stopped = self.scored.use.stopped
        return (*self.collected.warnings, *((stopped.message,) if stopped else ()), *self.assessed.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where the results of one window lie, as URIs, and how the window went."""

    window: Window
    revision: int
    status: str
    verdicts: tuple[Verdict, ...]
    report: str
    manifest: str
    results: str
    findings: tuple[str, ...]
    warnings: tuple[str, ...]
