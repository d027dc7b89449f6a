"""Which interactions are judged, as the monitor file says it."""

from typing import Annotated

from pydantic import Field

from configs.values import Section


class Sample(Section):
    """Which interactions are judged: the share `rate` of all, at most `at_most`, those with the smallest hashes."""

    rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    at_most: int = Field(default=2000, ge=1)
    seed: int = 7
