"""How evidence is weighed, as the monitor file says it."""

from typing import Annotated, Literal

from pydantic import Field

from configs.values import Section


class Decide(Section):
    """How evidence is weighed: the whole interval against the limit, or the estimate alone."""

    by: Literal["interval", "estimate"] = "interval"
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    min_scored: int = Field(default=30, ge=1)
