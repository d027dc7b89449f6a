"""How evidence is weighed, as the monitor file says it."""

from typing import Annotated, Literal

from pydantic import Field

from configs.values import Section


class Decide(Section):
    """How evidence is weighed."""

    by: Literal["interval", "estimate"] = "interval"
    """`interval`: the whole interval must lie on one side of the limit; `estimate`: the plain comparison."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Of the intervals and of the verdicts."""
    min_scored: int = Field(default=30, ge=1)
    """With fewer scored rows, those of the windows before included, a verdict is undecided."""
    family: Literal["run", "none"] = "run"
    """`run`: the confidence holds for all limits of a run together (Holm); `none`: for each by itself."""
    about: Literal["application", "window"] = "application"
    """`application`: what is said is of the application that made the traffic; `window`: of the window's own
    interactions alone."""
    across: int = Field(default=32, ge=1, le=100)
    """So many windows at most, this one among them, may decide together where this one cannot alone; 1 = never."""
    segments: tuple[str, ...] = ()
    """Names among `segments`: every limit on a sampled measure is decided in each of their values too."""

    @property
    def error(self) -> float:
        """That of each side for the limits of a whole window together; half of it where its segments have theirs."""
        return (1 - self.confidence) / 2 / (2 if self.segments else 1)
