"""Signals beside quality, as the monitor file asks for them: operations and usage over all rows, segments."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from configs.evaluator import Price
from configs.values import Duration, Kind, SecretReference, Section
from tasks.core.safety.signals import KINDS


class Operations(Section):
    """The health of the service, counted over every row of the window."""

    slow_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """A call that takes longer is slow; null = not counted."""
    prices: dict[str, Price] = Field(default_factory=dict)
    """By the name of the model what its tokens cost, over those of `configs/prices.yaml`."""
    silence: bool = True
    """An hour in which the collector logged nothing opens an alert."""


class Usage(Section):
    """Who uses the application and how, counted over every row of the window."""

    salt: SecretReference | None = None
    """The secret that users and sessions are hashed with; null = they are not counted."""
    remember: Duration = timedelta(days=7)
    """A user who was seen so long before the window is a returning one."""


class Segment(Section):
    """A part of the sampled interactions by a condition on their columns, in SQL, such as `input_tokens > 2000`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """What it is called in measures."""
    where: Annotated[str, Field(min_length=1)]
    """The condition, in SQL over the columns of the interactions."""


class Safety(Section):
    """What is looked for in the sampled interactions.

    Refusals, attempts to break out of the instructions, and instructions that are repeated are always looked for.
    """

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = KINDS
    """Which kinds of personal values and secrets; all but `url` unless set."""


class Comparison(Section):
    """Versions of the application held against each other."""

    by: str = "model_version"
    """The column that tells versions apart: `model_version`, or one of a declared variant."""
    reference: str | None = None
    """The version that others are compared with; null = the one with the most interactions in the windows before, else
    in this one."""
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """The smallest difference of shares that matters; of other numbers, as a part of the reference's mean."""
