"""The monitor file as types: what to watch, when, how it is judged, whom to tell."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator

from configs.contract import Contract
from configs.evaluator import Evaluator
from configs.quality import Quality
from configs.values import DatedLocation, Duration, Location, SecretReference, Section, Share
from tasks.core.errors import ConfigError
from tasks.core.quality.metric import Metric
from tasks.core.records.formats import FORMATS, LATER, Format
from tasks.core.records.interaction import BROKEN, KEYS, ROLES, SUSPECTED
from tasks.core.records.layout import BOTH, WHOLE, Layout, SourceColumns
from tasks.core.safety.recognisers import RECOGNISERS

JUDGED_ROLES = ("prompt", "completion", "context", "ground_truth")
AUTO = "auto"


class Schedule(Section):
    """When the monitor runs; exactly one of `cron`, `interval` and `rrule`, as Prefect has them."""

    cron: str | None = None
    interval: Duration | None = None
    rrule: str | None = None
    timezone: str = "UTC"

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.cron, self.interval, self.rrule)) != 1:
            message = "give exactly one of cron, interval and rrule"
            raise ValueError(message)
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError) as error:
            message = f"there is no timezone {self.timezone}; use a name such as Europe/Berlin"
            raise ValueError(message) from error
        return self


class WindowSettings(Section):
    """The windows of event time.

    `every`: their length. `grace`: how long after its end a window waits, and how far the clocks of both sides may be
    apart. `revise`: how late an output may come after its input, and how long after its end a window is revised when
    something came late. `catch_up`: at most so many missed windows in one run.
    """

    every: Duration = timedelta(hours=1)
    grace: Duration = timedelta(minutes=15)
    revise: Duration = timedelta(hours=24)
    catch_up: int = Field(default=48, ge=1)

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.every < timedelta(minutes=1):
            message = "every must be at least 1m"
            raise ValueError(message)
        return self


class Quarantine(Section):
    """The shares of unusable lines above which a run warns, and above which it breaches; null = never."""

    warn_above: Share | None = 0.0
    breach_above: Share | None = 0.05


class Later(Section):
    """What comes later of a call, joined to it by ID: its ground truth, or its users' feedback.

    `columns` are the columns that it fills. A row without a time counts at the time of its object.
    """

    location: DatedLocation
    format: Literal["table", "sagemaker"] = "table"
    join_on: str | None = None
    time_column: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)

    @property
    def all_columns(self) -> Mapping[str, str]:
        """The columns with those that the format brings."""
        return {**self.layout_format.columns, **self.columns}

    @property
    def layout_format(self) -> Format:
        """The entry of the format in the table of what comes later."""
        return LATER[self.format]

    @property
    def layout(self) -> Layout:
        """Where the records keep what the join needs."""
        names = SourceColumns(join_on=self.join_on, time_column=self.time_column, columns=self.columns)
        return replace(self.layout_format.read(names), untimed=True)


class Source(Section):
    """Where the logs are and how their records are laid out.

    A location may name dates (`logs/{yyyy}/{MM}/{dd}/{HH}`); some formats do so by themselves. `outputs` is left out
    when a record holds both halves. `columns` maps roles to field names or JSON paths, over those that the format
    brings; other names pass through as segments. The format `auto` is for `genwatch check` alone.
    """

    format: str
    inputs: DatedLocation
    outputs: DatedLocation | None = None
    join_on: str | None = None
    time_column: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    ground_truth: Later | None = None
    feedback: Later | None = None
    endpoint_url: str | None = None
    quarantine: Quarantine = Quarantine()

    @model_validator(mode="before")
    @classmethod
    def _with_columns_of_format(cls, given: object) -> object:
        """The columns that the format brings, under those of the user."""
        if not isinstance(given, dict) or given.get("format") not in FORMATS:
            return given
        columns = given.get("columns") or {}
        known = FORMATS[given["format"]].columns
        return given | {"columns": {**known, **columns}} if isinstance(columns, dict) else given

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.format == AUTO:
            return self
        if self.format not in FORMATS:
            message = f"format {self.format} is unknown; use {', '.join(FORMATS)}, or auto with genwatch check"
            raise ValueError(message)
        sides = self.layout_format.sides
        if self.outputs is None and sides == len(("inputs", "outputs")):
            message = f"format {self.format} keeps inputs and outputs apart: outputs is missing"
            raise ValueError(message)
        if self.outputs is not None and sides == 1:
            message = f"format {self.format} keeps both halves in one record: remove outputs"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _mapped(self) -> Self:
        if not self.columns and self.format != AUTO:
            message = f"columns is missing: map roles ({', '.join(ROLES)}) to fields of the logs"
            raise ValueError(message)
        for role, field in self.all_columns.items():
            if role in (*KEYS, SUSPECTED, BROKEN) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", role):
                message = f"columns.{role} cannot be a column; use a role ({', '.join(ROLES)}) or a plain name"
                raise ValueError(message)
            if not field:
                message = f"columns.{role} is empty; name the field in the logs"
                raise ValueError(message)
        return self

    @property
    def layout_format(self) -> Format:
        """The entry of the format in the table of formats; raises ConfigError for `auto`."""
        refuse_auto(self, "CONFIG")
        return FORMATS[self.format]

    @property
    def layout(self) -> Layout:
        """Where the records keep what the join needs; of a table without `outputs` each record is both halves."""
        names = SourceColumns(join_on=self.join_on, time_column=self.time_column, columns=self.columns)
        layout = self.layout_format.read(names)
        return replace(layout, side=BOTH) if self.outputs is None and layout.side is None else layout

    @property
    def needs_objects(self) -> bool:
        """Whether a row must be a JSON object for the columns to be found in it."""
        return any(column != WHOLE for column in self.columns.values())

    @property
    def later(self) -> Mapping[str, Later]:
        """What comes later, by the side that it is."""
        sides = {"ground_truth": self.ground_truth, "feedback": self.feedback}
        return {name: one for name, one in sides.items() if one is not None}

    @property
    def all_columns(self) -> Mapping[str, str]:
        """Every mapped column, with those of what comes later."""
        return {
            **self.columns,
            **{role: field for one in self.later.values() for role, field in one.all_columns.items()},
        }

    @property
    def segments(self) -> tuple[str, ...]:
        """The mapped columns that are no role."""
        return tuple(name for name in self.all_columns if name not in ROLES)


def refuse_auto(source: Source, path: str) -> None:
    """Raises ConfigError where the format is left to `check`."""
    if source.format == AUTO:
        message = f"source.format is auto: genwatch check {path} says which format it is; write that one"
        raise ConfigError(message)


class Sample(Section):
    """Which interactions are judged: the share `rate` of all, at most `at_most`, those with the smallest hashes."""

    rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    at_most: int = Field(default=2000, ge=1)
    seed: int = 7


def _kind(value: str) -> str:
    if value in RECOGNISERS:
        return value
    message = f"no such kind; there are {', '.join(RECOGNISERS)}"
    raise ValueError(message)


Kind = Annotated[str, AfterValidator(_kind)]


class Decide(Section):
    """How evidence is weighed: the whole interval against the limit, or the estimate alone."""

    by: Literal["interval", "estimate"] = "interval"
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    min_scored: int = Field(default=30, ge=1)


class Alerts(Section):
    """Whom to tell, and how often to repeat what is still open; null = never again."""

    slack: SecretReference | None = None
    renotify: Duration | None = timedelta(hours=24)


class EngineSettings(Section):
    """What a run may use of a machine, in GB; `dask` is a scheduler whose workers read and judge instead of this one."""

    dask: Annotated[str, Field(pattern=r"^(tcp|tls)://")] | None = None
    memory_gb: float = Field(default=1.0, gt=0.1)
    scratch_gb: float = Field(default=20.0, gt=0)


class Retention(Section):
    """How long the store keeps what tells of people; null = for ever.

    `interactions`: the sampled interactions and the reports of single windows. `scores`: the ledger, with its reasons.
    `raw`: the quarantine, and the evaluator's raw replies (which `evaluator.keep_replies` may end sooner). Measures,
    verdicts, alerts and manifests are kept.
    """

    interactions: Duration | None = None
    scores: Duration | None = None
    raw: Duration | None = None


class MonitorConfig(Section):
    """One monitor."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    description: str = ""
    schedule: Schedule | None = None
    window: WindowSettings = WindowSettings()
    source: Source
    sample: Sample = Sample()
    contract: Contract | None = None
    redact: tuple[Kind, ...] = ()
    evaluator: Evaluator = Evaluator()
    quality: Quality
    decide: Decide = Decide()
    alerts: Alerts = Alerts()
    engine: EngineSettings = EngineSettings()
    retention: Retention = Retention()
    store: Location
    store_endpoint_url: str | None = None

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
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of the monitor by name."""
        return {
            name: self.quality.definitions[name].metric(threshold.pass_at)
            for name, threshold in self.quality.metrics.items()
            if name in self.quality.definitions
        }


def with_format(config: MonitorConfig, name: str) -> MonitorConfig:
    """The monitor with a format in place of `auto`; raises ConfigError where the rest of it does not suit that one."""
    document = config.model_dump(mode="json")
    document["source"]["format"] = name
    try:
        return MonitorConfig.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = first["msg"].removeprefix("Value error, ")
        message = f"source.format is auto, which is {name} here: {'.'.join(map(str, first['loc']))}: {what}"
        raise ConfigError(message) from error
