"""The data contract as the monitor file says it: what the records must be like, and what alerts."""

from collections.abc import Collection, Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from configs.values import Duration, Section, Share
from tasks.core.records.contract import RECORDS, SIGNAL
from tasks.core.records.expectation import Expectation, Kind, Type
from tasks.core.records.interaction import NUMERIC_ROLES
from tasks.core.verdict import Direction, Threshold

LANGUAGE: Final = "language"
NUMERIC_TYPES: Final = (Type.NUMBER, Type.INTEGER)
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$")]


class Length(Section):
    """Characters of a text, both bounds included."""

    min: int = Field(default=0, ge=0)
    """The fewest characters."""
    max: int | None = Field(default=None, ge=0)
    """The most characters; null = any number."""
    min_share: Share | None = None
    """The least share of texts within the bounds; null = only watched."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max is not None and self.max < self.min:
            message = "max is below min"
            raise ValueError(message)
        return self


class Range(Section):
    """Bounds of a number, both included; at least one of them."""

    min: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """The least number; null = no bound."""
    max: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """The greatest number; null = no bound."""
    min_share: Share | None = None
    """The least share of numbers within the bounds; null = only watched."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            message = "give min, max or both"
            raise ValueError(message)
        if self.min is not None and self.max is not None and self.max < self.min:
            message = "max is below min"
            raise ValueError(message)
        return self


class ColumnRules(Section):
    """What is asked of one column; what is not set is only watched."""

    required: bool = False
    """A row without a value breaks the contract."""
    min_completeness: Share | None = None
    """The least share of rows with a value that is not blank; null = only watched."""
    type: Type | None = None
    """How the logged text must read."""
    min_typed: Share | None = None
    """The least share of texts that read so; null = only watched."""
    range: Range | None = None
    """Bounds of the numbers."""
    length: Length | None = None
    """Bounds of the lengths."""

    @model_validator(mode="after")
    def _typed(self) -> Self:
        if self.min_typed is not None and self.type is None:
            message = "min_typed needs a type"
            raise ValueError(message)
        return self


class Languages(Section):
    """The languages that the column `language` may name; no text is looked at."""

    allowed: Annotated[tuple[Code, ...], Field(min_length=1)]
    """Codes such as `de`; `en` also admits `en-US`."""
    min_share: Share | None = None
    """The least share of rows in one of them; null = only watched."""


class Volume(Section):
    """The interactions of a window over the median of those of the windows before."""

    windows: int = Field(default=24, ge=3)
    """How many windows before this one the median is of."""
    min_ratio: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """The least ratio; null = only watched."""
    max_ratio: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """The greatest ratio; null = only watched."""


USUAL_RANGE: Final = Range(min=0)
USUAL_LENGTHS: Final = {"prompt": Length(min=1, max=100_000), "completion": Length(min=1, max=100_000)}


class Contract(Section):
    """What the records of a window must be like.

    Nothing alerts but the limits that are set here: `min_…` and `max_…` keys. Without them every mapped column is
    watched for completeness, numeric roles for being 0 or more, `prompt` and `completion` for 1 to 100,000 characters;
    such watched rules never mark a row.
    """

    columns: dict[str, ColumnRules] = Field(default_factory=dict)
    """By column, what is asked of it."""
    languages: Languages | None = None
    """The languages that may be named; needs the column `language`."""
    min_join_rate: Share | None = None
    """The least share of halves that found their other half; null = only watched."""
    max_duplicate_rate: Share | None = None
    """The greatest share of halves whose ID was there already; null = only watched."""
    max_age: Duration | None = None
    """The longest time from the newest event to the end of the window; null = only watched."""
    volume: Volume = Volume()
    """How many interactions a window has beside those before."""
    on_failure: Literal["flag", "quarantine"] = "flag"
    """What becomes of a row that breaks a rule written here: `flag` marks it in `contract_broken`; `quarantine` also
    lists it there and does not ask the evaluator about it."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        for name, rules in self.columns.items():
            if fault := _misfit(name, rules):
                message = f"columns.{name}: {fault}"
                raise ValueError(message)
        return self

    def check_mapped(self, mapped: Collection[str]) -> None:
        """Raise ValueError where a rule is about a column that `source.columns` does not map."""
        asked = {f"contract.columns.{name}": name for name in self.columns}
        asked |= {"contract.languages": LANGUAGE} if self.languages else {}
        for key, name in asked.items():
            if name not in mapped:
                message = (
                    f"{key} is about the column {name}, which source.columns does not map; "
                    f"add source.columns.{name} or remove the rule"
                )
                raise ValueError(message)

    def expectations(self, mapped: Collection[str]) -> tuple[Expectation, ...]:
        """What is looked at in each mapped column, in their order."""
        return tuple(one for name in mapped for one in self._of_column(name, self.columns.get(name, ColumnRules())))

    def thresholds(self) -> list[Threshold]:
        """The limits that are set, and no others."""
        least: dict[str, float | None] = {
            f"{RECORDS}.join_rate": self.min_join_rate,
            f"{RECORDS}.volume_ratio": self.volume.min_ratio,
            f"{LANGUAGE}.language_share": self.languages.min_share if self.languages else None,
        }
        for name, rules in self.columns.items():
            least[f"{name}.completeness"] = rules.min_completeness
            least[f"{name}.type_share"] = rules.min_typed
            least[f"{name}.range_share"] = rules.range.min_share if rules.range else None
            least[f"{name}.length_share"] = rules.length.min_share if rules.length else None
        most: dict[str, float | None] = {
            f"{RECORDS}.duplicate_rate": self.max_duplicate_rate,
            f"{RECORDS}.volume_surge": self.volume.max_ratio,
            f"{RECORDS}.freshness_s": None if self.max_age is None else self.max_age.total_seconds(),
        }
        return [
            Threshold(address=f"{SIGNAL}.{name}", limit=limit, direction=direction)
            for direction, limits in ((Direction.MIN, least), (Direction.MAX, most))
            for name, limit in limits.items()
            if limit is not None
        ]

    def _of_column(self, name: str, rules: ColumnRules) -> Iterator[Expectation]:
        yield Expectation(column=name, kind=Kind.COMPLETENESS, fails_rows=rules.required)
        if rules.type is not None:
            yield Expectation(column=name, kind=Kind.TYPE, type=rules.type, fails_rows=True)
        if bounds := rules.range or (USUAL_RANGE if name in NUMERIC_ROLES else None):
            asked = rules.range is not None
            yield Expectation(column=name, kind=Kind.RANGE, least=bounds.min, most=bounds.max, fails_rows=asked)
        if lengths := rules.length or USUAL_LENGTHS.get(name):
            asked = rules.length is not None
            yield Expectation(column=name, kind=Kind.LENGTH, least=lengths.min, most=lengths.max, fails_rows=asked)
        if name == LANGUAGE and self.languages is not None:
            yield Expectation(column=name, kind=Kind.LANGUAGE, languages=self.languages.allowed, fails_rows=True)


def _misfit(name: str, rules: ColumnRules) -> str:
    """Why the rules do not fit the column; empty where they do."""
    if name in NUMERIC_ROLES and rules.type is not None:
        return "what is no number in the logs counts as missing; use required and min_completeness instead of type"
    if name in NUMERIC_ROLES and rules.length is not None:
        return "a number has no length; use range"
    if name not in NUMERIC_ROLES and rules.range is not None and rules.type not in NUMERIC_TYPES:
        return "a range needs type: number or type: integer"
    return ""
