"""Where the logs are and how their records are laid out, as the monitor file says it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, model_validator

from configs.values import DatedLocation, Section, Share
from tasks.core.errors import ConfigError
from tasks.core.records.formats import FORMATS, LATER, Format
from tasks.core.records.interaction import BROKEN, INCLUSION, KEYS, ROLES, SUSPECTED
from tasks.core.records.layout import BOTH, WHOLE, Layout, SourceColumns

AUTO = "auto"


class Quarantine(Section):
    """The shares of unusable lines that are too much; null = none is."""

    warn_above: Share | None = 0.0
    """Above it the run warns."""
    breach_above: Share | None = 0.05
    """Above it `operations.records.quarantined_share` breaches."""


class Later(Section):
    """What comes later of a call, joined to it by ID: its ground truth, or its users' feedback."""

    location: DatedLocation
    """A location as that of `source.inputs`."""
    format: Literal["table", "sagemaker"] = "table"
    """`sagemaker` for its ground-truth files."""
    join_on: str | None = None
    """The field that holds the ID; null = the format's own, `id` of a table."""
    time_column: str | None = None
    """The event time; a row without one counts at the time of its object."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The columns that it fills: role or name, and its field. The last row of a call stands."""

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
    """Where the logs are and how their records are laid out."""

    format: str
    """How the records are laid out: `azure_mdc`, `azure_traces`, `bedrock`, `litellm`, `openai_requests`, `otel_genai`,
    `sagemaker` or `table`; `auto` for `genwatch check` alone, which says which it is."""
    inputs: DatedLocation
    """`s3://…`, `az://…`, `gs://…` or `file:///…`; may name dates: `{yyyy}` `{MM}` `{dd}` `{HH}` `{mm}`. `azure_mdc`
    appends `{yyyy}/{MM}/{dd}/{HH}` where none is named; collectors that roll daily need `{yyyy}/{MM}/{dd}`."""
    outputs: DatedLocation | None = None
    """The same of the outputs; left out where a record holds both halves."""
    join_on: str | None = None
    """The field that both halves share; null = the format's own, such as `correlationid`, or `id` of a table."""
    time_column: str | None = None
    """The event time: ISO 8601 (without an offset: UTC), or Unix seconds or milliseconds; null = the format's own, such
    as `time`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Role and field. Roles: `prompt completion system history context ground_truth model_version user session language
    status finish_reason cached feedback latency_ms first_token_ms input_tokens output_tokens temperature`; other names
    are kept as segments. A field is a name or a JSON path (`$.messages[#-1].content`; `$` is the whole row). Formats
    with one record a call bring their own; yours are laid over them. A prompt that holds a list of messages becomes its
    last question, what stands before it the history, what the system was told its instructions (`system`)."""
    ground_truth: Later | None = None
    """Right answers that come later, joined by ID while `window.revise` lasts."""
    feedback: Later | None = None
    """What users say later, joined by ID while `window.revise` lasts."""
    endpoint_url: str | None = None
    """An S3-compatible server for the logs; null = as boto3 finds it."""
    quarantine: Quarantine = Quarantine()
    """How many unusable lines are too many."""

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
            if role in (*KEYS, SUSPECTED, BROKEN, INCLUSION) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", role):
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
