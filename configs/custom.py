"""Measures of the monitor's own, as its file says them: Python functions, and metrics against the ground truth."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from configs.values import Duration, SecretReference, Section
from tasks.core.custom.reference import REFERENCE, WITHOUT_TRUTH
from tasks.core.verdict import Direction, Threshold

ALWAYS_THERE: Final = ("interaction_id", "event_time")
LONGEST: Final = timedelta(hours=1)
COSINE: Final = "embedding_cosine"

Bound = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class MeanLimits(Section):
    """The least and the most that a mean may be; the limits themselves are still good."""

    min_mean: Bound | None = None
    """The least mean; null = only watched."""
    max_mean: Bound | None = None
    """The greatest mean; null = only watched."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_mean is not None and self.max_mean is not None and self.min_mean > self.max_mean:
            message = "min_mean is more than max_mean; correct them"
            raise ValueError(message)
        return self

    def thresholds(self, address: str) -> list[Threshold]:
        """The limits that are set, on the measure with that address."""
        limits = ((self.min_mean, Direction.MIN), (self.max_mean, Direction.MAX))
        return [
            Threshold(address=address, limit=limit, direction=direction)
            for limit, direction in limits
            if limit is not None
        ]


class Function(MeanLimits):
    """A function that gives a number for each of the sampled interactions.

    It is called once with a table, and gives a column of as many numbers.
    """

    call: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
    """Where it is: `package.module:function`."""
    needs: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The columns that it is given."""
    frame: Literal["arrow", "pandas"] = "arrow"
    """What it is given: a `pyarrow.Table`, or a pandas frame."""
    timeout: Annotated[Duration, Field(ge=timedelta(seconds=1), le=LONGEST)] = timedelta(seconds=60)
    """Of the whole call, the start of its process included; 1s to 1h."""
    unit: Literal["share", "score", "rows", "values", "seconds", "ratio"] = "ratio"
    """What its numbers are, for the report."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.needs)) < len(self.needs):
            message = "needs names a column twice; remove one"
            raise ValueError(message)
        return self


class Embeddings(Section):
    """The server that `reference.embedding_cosine` gets its embeddings from."""

    model: Annotated[str, Field(min_length=1)]
    """The model, as the server names it."""
    base_url: str | None = None
    """Any OpenAI-compatible server; null = OpenAI's."""
    api_key: SecretReference | None = None
    """The secret with its key; null = none is sent."""
    timeout: Annotated[Duration, Field(ge=timedelta(seconds=1), le=LONGEST)] = timedelta(seconds=60)
    """Of one call; 1s to 1h."""


class Custom(Section):
    """Measures of the monitor's own: functions by name, and metrics against the ground truth."""

    functions: dict[Name, Function] = Field(default_factory=dict)
    """Python functions of yours, by a name that you choose."""
    reference: dict[str, MeanLimits] = Field(default_factory=dict)
    """Metrics that are computed without a judge: `exact_match`, `token_f1`, `rouge_1`, `rouge_l`, `bleu`, `chrf`,
    `readability`, `embedding_cosine`; `{}` watches one."""
    embeddings: Embeddings | None = None
    """Needed by `embedding_cosine`."""

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        for name in self.reference:
            if name not in (*REFERENCE, COSINE):
                message = f"reference.{name}: no such metric; there are {', '.join((*REFERENCE, COSINE))}"
                raise ValueError(message)
        if COSINE in self.reference and self.embeddings is None:
            message = f"reference.{COSINE} needs custom.embeddings: {{model: …, base_url: …, api_key: …}}"
            raise ValueError(message)
        return self

    def check_mapped(self, mapped: Collection[str]) -> None:
        """Raises ValueError for a function or a metric that needs a column which the source does not map."""
        for key, columns in self._needs().items():
            for column in columns:
                if column not in mapped and column not in ALWAYS_THERE:
                    message = f"custom.{key} needs the column {column}; add source.columns.{column}"
                    raise ValueError(message)

    def thresholds(self) -> list[Threshold]:
        """The limits that are set, and no others."""
        functions = [one.thresholds(f"custom.{name}.mean") for name, one in self.functions.items()]
        reference = [one.thresholds(f"reference.{name}.mean") for name, one in self.reference.items()]
        return [threshold for limits in (*functions, *reference) for threshold in limits]

    def _needs(self) -> Mapping[str, tuple[str, ...]]:
        truth = {name: () if name in WITHOUT_TRUTH else ("ground_truth",) for name in self.reference}
        return {f"functions.{name}": one.needs for name, one in self.functions.items()} | {
            f"reference.{name}": ("completion", *columns) for name, columns in truth.items()
        }
