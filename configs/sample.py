"""Which interactions are judged, as the monitor file says it."""

from collections.abc import Collection, Iterable
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from configs.drift import UNCOMPARED
from configs.values import Section
from tasks.core.quality.local.text_statistics import METRICS

CANDIDATES_EACH: Final = 10
MOST_CANDIDATES: Final = 10_000

Sign = Literal["errors", "refusals", "negative_feedback", "suspected_injection", "new_topics", "low_local_score"]
SIGN_NEEDS: Final[dict[Sign, str]] = {
    "errors": "status",
    "refusals": "completion",
    "negative_feedback": "feedback",
    "new_topics": "prompt",
}


class Sample(Section):
    """Which interactions are judged: a share of all, those with the smallest hashes."""

    rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    """The share of the interactions that is judged, chosen by hash of interaction and seed."""
    at_most: int = Field(default=2000, ge=1)
    """At most so many: those with the smallest hashes."""
    seed: int = 7
    """Another seed draws another sample."""
    candidates: int | None = Field(default=None, ge=1)
    """How many interactions are looked at without the judge: the sample is chosen among them, and their local scores
    make the interval of the pass rate narrower. Null = none; with `stratify` or `prefer` 10 × `at_most`, 10,000 at
    most."""
    stratify: tuple[str, ...] = ()
    """Columns of which every value gets its share of the judgements, rare ones more than that; estimates are weighted
    for it. `language` is told from the prompt where it is not mapped."""
    prefer: tuple[Sign, ...] = ()
    """Signs of which a row with one has four times the chance of others; estimates are weighted for it."""
    until: Literal["all", "decided"] = "all"
    """`decided`: judged in growing batches until every limit on a pass rate is decided; `all`: all are judged."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.candidates is not None and self.candidates < self.at_most:
            message = f"candidates is below at_most; write at least {self.at_most}, or leave it out"
            raise ValueError(message)
        if self.until == "decided" and self.is_uneven:
            message = "until: decided needs equal probabilities: remove stratify and prefer, or write until: all"
            raise ValueError(message)
        for key, names in (("stratify", self.stratify), ("prefer", self.prefer)):
            if doubled := [name for name in names if names.count(name) > 1]:
                message = f"{key} names {doubled[0]} twice; remove one"
                raise ValueError(message)
        return self

    @property
    def is_uneven(self) -> bool:
        """Whether some interactions are likelier to be chosen than others."""
        return bool(self.stratify or self.prefer)

    @property
    def looked_at(self) -> int | None:
        """How many candidates are looked at without the judge; None where those that are sampled are judged."""
        if self.candidates is not None or not self.is_uneven:
            return self.candidates
        return max(self.at_most, min(CANDIDATES_EACH * self.at_most, MOST_CANDIDATES))

    def check_mapped(self, mapped: Collection[str]) -> None:
        """Raises ValueError for a column or a sign whose column the source does not map, and for a text as a stratum.

        The language is told from the prompt where it is not mapped.
        """
        for name in self.stratify:
            if name in UNCOMPARED:
                message = f"sample.stratify: {name} is a text or an ID; strata go by columns of few values"
                raise ValueError(message)
            if name not in mapped and not (name == "language" and "prompt" in mapped):
                message = f"sample.stratify: {name} is not mapped; add source.columns.{name} or remove it"
                raise ValueError(message)
        for sign in self.prefer:
            needed = SIGN_NEEDS.get(sign)
            if needed is not None and needed not in mapped:
                message = f"sample.prefer: {sign} needs the column {needed}; add source.columns.{needed} or remove it"
                raise ValueError(message)

    def check_known(self, metrics: Iterable[str], *, has_baseline: bool) -> None:
        """Raises ValueError for a sign that nothing tells: local scores of the `metrics`, topics of a baseline."""
        if "low_local_score" in self.prefer and not set(metrics).intersection(METRICS):
            message = f"sample.prefer: low_local_score needs one of the metrics {', '.join(METRICS)}; remove it"
            raise ValueError(message)
        if "new_topics" in self.prefer and not has_baseline:
            message = "sample.prefer: new_topics needs drift: {baseline: {fixed: true}}; add it or remove new_topics"
            raise ValueError(message)
