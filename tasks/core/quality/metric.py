"""A judged metric: what it needs, its scale, and the rubric that the evaluator is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric read from `configs/metrics/*.yaml`.

    `needs` are the roles of the interaction that the evaluator sees, in the order in which it sees them. `levels`
    anchor each score from 1 to 5; question and levels make the `rubric`, as the evaluator reads it. A score passes at
    `pass_at` or above.
    """

    name: str
    needs: tuple[str, ...]
    question: str
    levels: Mapping[int, str]
    pass_at: int
    rubric: str = field(init=False)

    def __post_init__(self) -> None:  # noqa: D105  said above
        levels = "; ".join(f"{score} {self.levels[score].rstrip('.')}" for score in range(LOWEST, HIGHEST + 1))
        object.__setattr__(self, "rubric", f"{self.question} {levels}.")
