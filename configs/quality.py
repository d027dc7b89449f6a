"""What is judged, as the monitor file and the metric files say it: metrics, thresholds, canaries."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.values import Section, Share
from tasks.core.quality.metric import HIGHEST, LOWEST, Metric


class MetricThreshold(Section):
    """What is asked of one metric: a least pass rate (0 to 1; null = only watched), and from which score one passes."""

    min_pass_rate: Share | None = None
    pass_at: int | None = Field(default=None, ge=LOWEST, le=HIGHEST)


class MetricDefinition(Section):
    """A judged metric as a metric file holds it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    needs: Annotated[tuple[Literal["prompt", "completion", "context", "ground_truth"], ...], Field(min_length=1)]
    pass_at: int = Field(default=3, ge=LOWEST, le=HIGHEST)
    question: str
    levels: dict[int, str]

    @model_validator(mode="after")
    def _all_levels(self) -> Self:
        if sorted(self.levels) != list(range(LOWEST, HIGHEST + 1)):
            message = f"levels must anchor each score from {LOWEST} to {HIGHEST}"
            raise ValueError(message)
        return self

    def metric(self, pass_at: int | None) -> Metric:
        """The metric, with the monitor's own `pass_at` where it has one."""
        return Metric(
            name=self.name,
            needs=tuple(self.needs),
            question=self.question.strip(),
            levels={score: text.strip() for score, text in self.levels.items()},
            pass_at=pass_at or self.pass_at,
        )


class Canary(Section):
    """A fixed interaction with the scores that a good judge gives it, by metric."""

    prompt: str | None = None
    completion: str
    context: str | None = None
    ground_truth: str | None = None
    scores: Annotated[dict[str, Annotated[float, Field(ge=LOWEST, le=HIGHEST)]], Field(min_length=1)]


class Canaries(Section):
    """Interactions with known scores that the judge is asked about in every run.

    `file` is a YAML list of them beside the monitor file, of which the first `count` are asked; reading the monitor
    puts them into `rows`. `min_agreement`: the least share of their scores that must fall on the same side of the
    metric's `pass_at` as the known ones; null = only watched.
    """

    file: str
    count: int = Field(default=20, ge=1)
    min_agreement: Share | None = 0.8
    rows: tuple[Canary, ...] = ()


class Quality(Section):
    """The judged metrics and their thresholds.

    `min_coverage`: the least share of asked judgements that must come back scored; below it an alert opens and pass
    rates are undecided unless the missing could not matter; null = not watched. `metric_files` are YAML files beside
    the monitor file; reading the monitor puts their contents into `definitions`. `bridge`: so many interactions of the
    window before are judged again when the judge changes; 0 = none.
    """

    metrics: dict[str, MetricThreshold] = Field(min_length=1)
    min_coverage: Share | None = 0.9
    metric_files: tuple[str, ...] = ()
    definitions: dict[str, MetricDefinition] = Field(default_factory=dict)
    canaries: Canaries | None = None
    bridge: int = Field(default=50, ge=0)
