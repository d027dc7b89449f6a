"""What is judged, as the monitor file and the metric files say it: metrics, thresholds, canaries."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from configs.values import Section, Share
from tasks.core.quality.metric import FIVE_POINTS, HIGHEST, LOWEST, Metric, Scale, named_scale
from tasks.core.verdict import Severity

PASS_AT: Final = 3
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class MetricThreshold(Section):
    """What is asked of one metric."""

    min_pass_rate: Share | None = None
    """The least share of scores that pass; null = only watched."""
    severity: Severity = Severity.CRITICAL
    """What its alert is sent as."""
    pass_at: int | None = Field(default=None, ge=LOWEST, le=HIGHEST)
    """From which score on an interaction passes; null = the metric's own."""


class FivePoints(Section):
    """Scores from 1 to 5."""

    type: Literal["five_points"] = "five_points"
    """Scores from 1 to 5."""

    @property
    def scale(self) -> Scale:
        """The scores."""
        return FIVE_POINTS


class YesNo(Section):
    """Scores of 1 for the answer that `passes`, of 0 for the other."""

    type: Literal["yes_no"]
    """Scores of 1 for the answer that passes, of 0 for the other."""
    passes: Literal["yes", "no"]
    """The answer that is good; in quotes, since YAML reads a bare one as a truth value."""

    @property
    def scale(self) -> Scale:
        """The scores, the one that fails first."""
        return named_scale(("no", "yes") if self.passes == "yes" else ("yes", "no"), lowest=0)

    @property
    def pass_at(self) -> int:
        """The score of the answer that passes."""
        return 1


class Categories(Section):
    """Scores by name, numbered from 1: first those that fail, then those that pass, each as they stand, worst first."""

    type: Literal["categories"]
    """Scores by name."""
    fails: tuple[Name, ...] = ()
    """The categories that fail, the worst first."""
    passes: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The categories that pass, the worst first."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = self.scale.names
        if len(names) < 2 or len(set(names)) < len(names):  # noqa: PLR2004  one category tells nothing
            message = "fails and passes must name at least two categories, each once"
            raise ValueError(message)
        return self

    @property
    def scale(self) -> Scale:
        """The scores, the worst first."""
        return named_scale((*self.fails, *self.passes), lowest=1)

    @property
    def pass_at(self) -> int:
        """The score of the first category that passes."""
        return 1 + len(self.fails)


def _by_label(levels: object) -> object:
    """The anchors by label: YAML reads the numbers of a scale as numbers, JSON as text."""
    return {str(label): text for label, text in levels.items()} if isinstance(levels, dict) else levels


class MetricDefinition(Section):
    """A judged metric as a metric file holds it."""

    name: Name
    """What it is called under `quality.metrics`."""
    needs: Annotated[tuple[Literal["prompt", "completion", "context", "ground_truth"], ...], Field(min_length=1)]
    """What the judge is shown; a row without one of these is not applicable."""
    unit: Literal["interaction", "session"] = "interaction"
    """`session` asks once of a session, with all its turns."""
    scale: Annotated[FivePoints | YesNo | Categories, Field(discriminator="type")] = FivePoints()
    """The answers that the judge may give."""
    pass_at: int | None = Field(default=None, ge=LOWEST, le=HIGHEST)
    """From which score of 1 to 5 on an interaction passes; 3 unless set. Other scales say which answers pass."""
    question: str
    """What the judge is asked."""
    levels: Annotated[dict[str, str], BeforeValidator(_by_label)]
    """For each answer of the scale, what it means."""

    @model_validator(mode="after")
    def _all_levels(self) -> Self:
        labels = list(self.scale.scale.labels.values())
        if sorted(self.levels) != sorted(labels):
            each = f"each score from {LOWEST} to {HIGHEST}" if self.has_five_points else f"each of {', '.join(labels)}"
            message = f"levels must anchor {each}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_way_to_pass(self) -> Self:
        if self.pass_at is not None and not self.has_five_points:
            message = "pass_at is of scores from 1 to 5; scale.passes says which answers pass; remove pass_at"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _sessions_have_prompts(self) -> Self:
        if self.unit == "session" and "prompt" not in self.needs:
            message = "a metric of sessions is shown their turns: add prompt to needs"
            raise ValueError(message)
        return self

    @property
    def has_five_points(self) -> bool:
        """Whether its scores are 1 to 5."""
        return isinstance(self.scale, FivePoints)

    def metric(self, pass_at: int | None) -> Metric:
        """The metric, with the monitor's own `pass_at` where it has one."""
        own = (self.pass_at or PASS_AT) if isinstance(self.scale, FivePoints) else self.scale.pass_at
        scale = self.scale.scale
        return Metric(
            name=self.name,
            needs=tuple(self.needs),
            question=self.question.strip(),
            levels={number: self.levels[label].strip() for number, label in scale.labels.items()},
            pass_at=pass_at or own,
            scale=scale,
            of_sessions=self.unit == "session",
        )


class Canary(Section):
    """A fixed interaction with the scores that a good judge gives it."""

    prompt: str | None = None
    """As it was logged."""
    completion: str
    """As it was logged."""
    context: str | None = None
    """As it was logged."""
    ground_truth: str | None = None
    """As it was logged."""
    scores: Annotated[dict[str, Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1)]
    """By metric the known score, a number of its scale."""


class Canaries(Section):
    """Interactions with known scores that the judge is asked about in every run."""

    file: str
    """A YAML list of them, as below, beside the monitor file."""
    count: int = Field(default=20, ge=1)
    """The first so many are asked about in every run."""
    min_agreement: Share | None = 0.8
    """The least share of their scores that must fall on the same side of `pass_at` as the known ones; null = only
    watched."""
    rows: tuple[Canary, ...] = ()
    """The file's contents; put in when the monitor file is read."""


class Quality(Section):
    """The judged metrics and their thresholds."""

    metrics: dict[str, MetricThreshold] = Field(min_length=1)
    """By metric what is asked of it; those that are named are judged."""
    min_coverage: Share | None = 0.9
    """The least share of asked judgements that came back scored; below it an alert opens, and a pass rate is decided
    only if the missing scores could not change the verdict; null = not watched."""
    metric_files: tuple[str, ...] = ()
    """Metrics of your own: YAML files beside the monitor file, as below."""
    definitions: dict[str, MetricDefinition] = Field(default_factory=dict)
    """The contents of the metric files; put in when the monitor file is read."""
    canaries: Canaries | None = None
    """Interactions with known scores, which show whether the judge is still the same."""
    bridge: int = Field(default=50, ge=0)
    """So many interactions of the window before are judged again when the judge changes; 0 = none."""

    @model_validator(mode="after")
    def _scores_on_their_scales(self) -> Self:
        for number, row in enumerate(self.canaries.rows if self.canaries else (), start=1):
            for name, score in row.scores.items():
                scale = self.definitions[name].scale.scale if name in self.definitions else FIVE_POINTS
                if not scale.lowest <= score <= scale.highest:
                    message = (
                        f"canaries: interaction {number}: scores.{name} is {score:g}; "
                        f"its scores lie in [{scale.lowest}, {scale.highest}]"
                    )
                    raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_way_to_pass(self) -> Self:
        for name, threshold in self.metrics.items():
            definition = self.definitions.get(name)
            if threshold.pass_at is not None and definition is not None and not definition.has_five_points:
                message = f"metrics.{name}.pass_at is of scores from 1 to 5, and {name} has none; remove it"
                raise ValueError(message)
        return self
