"""Signals beside quality, as the monitor file asks for them: operations and usage over all rows, segments."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from configs.evaluator import Price
from configs.values import Duration, Kind, SecretReference, Section
from tasks.core.safety.signals import KINDS


class Operations(Section):
    """The health of the service, counted over every row of the window.

    `slow_ms`: a request that takes longer is slow; null = not counted. `prices`: dollars a million tokens by the name
    of the model, over those of `configs/prices.yaml`. With `silence`, a window in which the collector logged nothing
    for a whole hour opens an alert.
    """

    slow_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    prices: dict[str, Price] = Field(default_factory=dict)
    silence: bool = True


class Usage(Section):
    """Who uses the application and how, counted over every row of the window.

    `salt` names the secret that users and sessions are hashed with; null = they are not counted. A user who was seen
    within `remember` before the window is a returning one.
    """

    salt: SecretReference | None = None
    remember: Duration = timedelta(days=7)


class Segment(Section):
    """A part of the sampled interactions by a condition on their columns, in SQL, such as `input_tokens > 2000`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    where: Annotated[str, Field(min_length=1)]


class Safety(Section):
    """What is looked for in the sampled interactions: personal values and secrets of these kinds, and what has no kind.

    Refusals, attempts to break out of the instructions, and instructions that are repeated are always looked for.
    """

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = KINDS


class Comparison(Section):
    """Versions of the application held against each other.

    `by` is the column that tells them apart: `model_version`, or one of a declared variant. `reference` is the version
    that others are compared with; null = the one with the most interactions in the windows before, else in this one.
    `margin`: the smallest difference of shares that matters; of other numbers, as a part of the reference's mean.
    """

    by: str = "model_version"
    reference: str | None = None
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
