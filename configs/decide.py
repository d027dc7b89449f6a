"""How evidence is weighed, as the monitor file says it."""

from typing import Annotated, Literal

from pydantic import Field

from configs.values import Section


class Decide(Section):
    """How evidence is weighed.

    `by`: the whole interval against the limit, or the estimate alone. `family`: the confidence holds for all limits of
    a run together, or for each by itself. `about`: what is said is of the application that made the traffic, or of the
    interactions of the window alone. `across`: so many windows at most, this one among them, may decide together
    where this one cannot alone; 1 = never. `segments`: the segmentations in whose segments every limit is decided too.
    """

    by: Literal["interval", "estimate"] = "interval"
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    min_scored: int = Field(default=30, ge=1)
    family: Literal["run", "none"] = "run"
    about: Literal["application", "window"] = "application"
    across: int = Field(default=32, ge=1, le=100)
    segments: tuple[str, ...] = ()

    @property
    def error(self) -> float:
        """That of each side for the limits of a whole window together; half of it where its segments have theirs."""
        return (1 - self.confidence) / 2 / (2 if self.segments else 1)
