"""The monitor file as types: what to watch, when, how it is judged, whom to tell."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from configs.alerts import Alerts
from configs.catalogue import check_thresholds
from configs.contract import Contract
from configs.custom import Custom
from configs.decide import Decide
from configs.drift import UNCOMPARED, Drift
from configs.evaluator import Evaluator
from configs.export import Export
from configs.limits import Limit
from configs.quality import Quality
from configs.report import Report
from configs.running import EngineSettings, Retention, Schedule, WindowSettings
from configs.sample import Sample
from configs.signals import Comparison, Operations, Safety, Segment, Usage
from configs.source import AUTO, Source
from configs.values import Kind, Location, Section
from tasks.core.drift.judge import AGREEMENT
from tasks.core.operations.records import QUARANTINED
from tasks.core.period import DAYS
from tasks.core.quality.metric import Metric
from tasks.core.records.facts import Facts
from tasks.core.verdict import Direction, Severity, Threshold

DERIVED = ("language", "topic")  # segments that are told from the texts where they are not mapped
JUDGED_ROLES = ("prompt", "completion", "context", "ground_truth")
COUNTED = ("operations.", "contract.")  # signals that are counts of everything


class MonitorConfig(Section):
    """One monitor."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    """Lower-case letters, digits, dashes; names the deployment, the folder in the store and the artifacts."""
    description: str = ""
    """Shown on the deployment and in the report."""
    schedule: Schedule | None = None
    """When the deployment runs; null = when it is told to."""
    window: WindowSettings = WindowSettings()
    """The windows of event time."""
    source: Source
    """Where the logs are and how they are laid out."""
    sample: Sample = Sample()
    """Which interactions are judged."""
    contract: Contract | None = None
    """What the records must be like; `{}` watches every mapped column."""
    redact: tuple[Kind, ...] = ()
    """Kinds of values that are replaced by markers before anything is stored or sent."""
    evaluator: Evaluator = Evaluator()
    """Who judges, and how."""
    quality: Quality
    """What is judged, and its limits."""
    drift: Drift | None = None
    """Whether prompts, completions and mapped columns differ from a baseline; `{}` watches them all."""
    operations: Operations | None = None
    """The service's health over every row of the window; `{}` watches it."""
    usage: Usage | None = None
    """Users, sessions, lengths, languages; `{}` watches them."""
    safety: Safety | None = None
    """Personal values and their leaks, refusals, jailbreaks, system prompts told; `{}` watches them."""
    compare: Comparison | None = None
    """Versions held against each other; `{}` compares the values of `model_version`."""
    custom: Custom | None = None
    """Measures of your own."""
    segments: tuple[str | Segment, ...] = ()
    """Every measure for each value of these columns (`language` is told from the prompt where it is not mapped), and
    for conditions; the weakest slices are searched for among them."""
    thresholds: dict[str, Limit] = Field(default_factory=dict)
    """By address, such as `operations.latency_ms.p95`, limits on any measure; one that the monitor does not take is an
    error that says why."""
    decide: Decide = Decide()
    """How evidence is weighed."""
    alerts: Alerts = Alerts()
    """Whom to tell, and when."""
    report: Report = Report()
    """Where people open the report."""
    export: Export = Export()
    """Where the results go beside the store ([exports.md](exports.md))."""
    engine: EngineSettings = EngineSettings()
    """What a run may use."""
    retention: Retention = Retention()
    """How long the store keeps what tells of people."""
    store: Location
    """Where results go; a location as those of the source, without dates."""
    store_endpoint_url: str | None = None
    """An S3-compatible server for the store; null = as boto3 finds it."""

    @model_validator(mode="after")
    def _mapped(self) -> Self:
        for name, metric in self.metrics.items():
            missing = [role for role in metric.needs if role not in self.source.all_columns]
            if missing and self.source.format != AUTO:
                message = (
                    f"quality.metrics.{name} needs the column {missing[0]}, which source.columns does not map; "
                    f"add source.columns.{missing[0]} or remove the metric"
                )
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _contract_about_mapped_columns(self) -> Self:
        if self.contract is not None and self.source.format != AUTO:
            self.contract.check_mapped(self.source.all_columns)
        return self

    @model_validator(mode="after")
    def _drift_own_metrics_and_sample_of_mapped_columns(self) -> Self:
        for section in (self.drift, self.custom, self.sample):
            if section is not None and self.source.format != AUTO:
                section.check_mapped(self.source.all_columns)
        self.sample.check_known(self.quality.metrics, has_baseline=self.drift is not None and self.drift.baseline.fixed)
        return self

    @model_validator(mode="after")
    def _limits_on_known_measures(self) -> Self:
        if self.source.format != AUTO:
            check_thresholds(self)
        return self

    @model_validator(mode="after")
    def _segments_of_known_columns(self) -> Self:
        columns = {*self.source.all_columns, *DERIVED}
        for name in self.segment_columns:
            if name in UNCOMPARED:
                message = f"segments: {name} is a text or an ID; segments go by columns of few values"
                raise ValueError(message)
            if name not in columns and self.source.format != AUTO:
                message = f"segments: {name} is not mapped; add source.columns.{name} or remove it"
                raise ValueError(message)
        if "topic" in self.segment_columns and "topic" not in self.source.all_columns and self.drift is None:
            message = "segments: topic is told by the topics of the baseline; add drift: {} or map source.columns.topic"
            raise ValueError(message)
        names = [one if isinstance(one, str) else one.name for one in self.segments]
        if strange := [name for name in self.decide.segments if name not in names]:
            message = f"decide.segments: {strange[0]} is none of the segments; add it to segments, or remove it"
            raise ValueError(message)
        conditions = [one.name for one in self.segments if not isinstance(one, str)]
        if doubled := [name for name in names if names.count(name) > 1 or (name in conditions and name in columns)]:
            message = f"segments: {doubled[0]} is the name of two segmentations or of a column; give it another"
            raise ValueError(message)
        by = self.compare.by if self.compare else None
        if by in UNCOMPARED:
            message = f"compare.by: {by} is a text or an ID, and no version; name the column of the version"
            raise ValueError(message)
        if by is not None and by not in self.source.all_columns and self.source.format != AUTO:
            message = f"compare.by: {by} is not mapped; add source.columns.{by}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _names_of_drift_are_one_thing(self) -> Self:
        if self.drift is not None:
            taken = {"topics", *self.metrics, *(f"concept_{name}" for name in self.metrics)}
            if doubled := taken.intersection(self.source.all_columns):
                message = f"source.columns.{min(doubled)}: drift has another measure by that name; rename the column"
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _windows_within_a_digest(self) -> Self:
        digest, every = self.alerts.digest, self.window.every
        if digest is not None and every > timedelta(days=DAYS[digest]):
            message = (
                f"alerts.digest: {digest} is shorter than a window, of which no digest would tell; "
                "remove it, or write weekly for windows of 7d at most"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _decided_by_rounds(self) -> Self:
        if self.sample.until == "decided":
            limited = any(one.address.endswith(".pass_rate") and one.against is None for one in self.tested_thresholds)
            faults = {
                "needs a limit to decide: give a metric min_pass_rate": not limited,
                "asks each metric by itself: remove evaluator.judging: fused": self.evaluator.judging == "fused",
                "goes by the answers as they come: remove evaluator.mode: batch": self.evaluator.mode == "batch",
                "weighs intervals: remove decide.by: estimate": self.decide.by == "estimate",
            }
            for fault, holds in faults.items():
                if holds:
                    message = f"sample.until: decided {fault}"
                    raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _known_canaries(self) -> Self:
        for number, row in enumerate(self.quality.canaries.rows if self.quality.canaries else (), start=1):
            for name in row.scores:
                if name not in self.metrics:
                    message = f"quality.canaries: interaction {number} has a score of {name}, which is no metric here"
                    raise ValueError(message)
                if lacking := [role for role in self.metrics[name].needs if getattr(row, role) is None]:
                    message = f"quality.canaries: interaction {number} has a score of {name} but no {lacking[0]}"
                    raise ValueError(message)
        return self

    @property
    def section_thresholds(self) -> list[Threshold]:
        """The limits that sections set by keys of their own."""
        asked = [
            Threshold(address=f"quality.{name}.{measure}", limit=limit, direction=Direction.MIN, severity=severity)
            for name, metric in self.quality.metrics.items()
            for measure, limit, severity in (
                ("pass_rate", metric.min_pass_rate, metric.severity),
                ("coverage", self.quality.min_coverage, Severity.CRITICAL),
            )
            if limit is not None
        ]
        canaries = self.quality.canaries
        if canaries is not None and canaries.min_agreement is not None:
            asked.append(Threshold(address=AGREEMENT, limit=canaries.min_agreement, direction=Direction.MIN))
        for section in (self.contract, self.drift, self.custom):
            asked += section.thresholds() if section is not None else ()
        if self.source.quarantine.breach_above is not None:
            limit = self.source.quarantine.breach_above
            asked.append(Threshold(address=QUARANTINED, limit=limit, direction=Direction.MAX))
        return asked

    @property
    def all_thresholds(self) -> list[Threshold]:
        """Every limit of the monitor."""
        own = [threshold for address, limit in self.thresholds.items() for threshold in limit.thresholds(address)]
        return [*self.section_thresholds, *own]

    @property
    def tested_thresholds(self) -> list[Threshold]:
        """Those on what may be an estimate, which is tested; others are on counts of everything."""
        return [
            one
            for one in self.all_thresholds
            if not one.address.startswith(COUNTED) and not one.address.endswith(".coverage")
        ]

    @property
    def is_judged_by_session(self) -> bool:
        """Whether judging until decided goes by whole sessions: what is said of the application rests on them."""
        return "session" in self.source.all_columns and self.decide.about == "application"

    @property
    def segment_columns(self) -> tuple[str, ...]:
        """The columns that segments go by."""
        return tuple(one for one in self.segments if isinstance(one, str))

    @property
    def facts(self) -> Facts:
        """What is kept of every row; nothing where the monitor counts neither operations nor usage."""
        if self.operations is None and self.usage is None:
            return Facts()
        segments = dict.fromkeys(("model_version", *self.segment_columns))
        return Facts(
            fields=self.source.columns,
            segments=tuple(name for name in segments if name in self.source.columns),
            with_people=self.usage is not None and self.usage.salt is not None,
            are_kept=True,
        )

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of the monitor by name."""
        return {
            name: self.quality.definitions[name].metric(threshold.pass_at)
            for name, threshold in self.quality.metrics.items()
            if name in self.quality.definitions
        }
